// The settings of machines that are reached over RDP.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../desktop/processes.mjs";
import { openPage, shoot, skip } from "./page.mjs";

test("what is set for an RDP machine is saved, and what is usual is not", { skip, timeout: 300_000 }, async (t) => {
  const { page, farwired } = await openPage(t);
  const uid = await farwired.save("office-07", { protocol: "RDP", port: 3389 });
  const settings = async () => (await farwired.call("GET", `/connection/${uid}`)).settings;
  await page.getByRole("row", { name: /office-07/ }).click();
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByRole("tab", { name: "Display" }).click();
  const resize = details.getByRole("switch", { name: "Resize to the window" });
  await eventually("it takes the size of its tab", () => resize.isChecked(), true);
  await resize.click();
  await eventually("that is switched off", settings, { "rdp.resize": false });
  await resize.click();
  await eventually("what is usual needs no word", settings, {});

  await details.getByLabel("Security", { exact: true }).click();
  await page.getByRole("option", { name: "NLA only" }).click();
  await eventually("the security is kept", settings, { "rdp.security": "nla" });
  await details.getByRole("textbox", { name: "Width" }).fill("1280");
  await details.getByRole("textbox", { name: "Height" }).fill("800");
  await details.getByRole("textbox", { name: "Height" }).blur();
  await eventually("the size is kept", settings, { "rdp.height": 800, "rdp.security": "nla", "rdp.width": 1280 });
  await eventually("a size of its own stays", () => resize.isChecked(), false);
  await shoot(page, "rdp-settings");
  await details.getByRole("textbox", { name: "Width" }).fill("");
  await details.getByRole("textbox", { name: "Width" }).blur();
  await eventually("an empty side is none", async () => (await settings())["rdp.width"] === undefined, true);
  assert.equal((await settings())["rdp.height"], 800);
});
