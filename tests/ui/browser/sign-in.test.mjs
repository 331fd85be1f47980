// Who gets in, and what stays behind of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../desktop/processes.mjs";
import { openPage, shoot, skip } from "./page.mjs";

const options = { skip, timeout: 300_000 };

test("the printed link signs in once and leaves nothing behind", options, async (t) => {
  const { page, context, farwired } = await openPage(t);
  await eventually("the code has left the address", () => page.url(), `${farwired.url}/ui/`);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.doesNotMatch(kept, /[0-9a-f]{32}|token/i);

  const second = await context.newPage();
  await second.goto(farwired.link);
  await second.getByText("This link was used already or is too old.").waitFor();
  await shoot(second, "sign-in-used");
  await second.goto("about:blank");
  await second.goto(await farwired.newLink());
  await second.getByRole("tab", { name: "Machines" }).waitFor();
});

test("a token signs in, and a wrong one is refused with a reason", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false });
  await page.goto(`${farwired.url}/ui/`);
  const field = page.getByLabel("Sign-in link or token");
  await shoot(page, "sign-in");
  await eventually("there is nothing to sign in with", () => page.getByRole("button", { name: "Sign in" }).isDisabled(), true);
  await field.fill("not-a-token");
  await field.press("Enter");
  await page.getByText("Farwire does not know this token.").waitFor();
  await field.fill(farwired.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("tab", { name: "Machines" }).waitFor();
});

test("a pasted link signs in", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false });
  await page.goto(`${farwired.url}/ui/`);
  await page.getByLabel("Sign-in link or token").fill(farwired.link);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Connect to your first machine" }).waitFor();
});

test("the page loads nothing from elsewhere and cannot be framed", options, async (t) => {
  const { page, farwired } = await openPage(t, { isSignedIn: false });
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).origin));
  const answer = await page.goto(farwired.link);
  await page.getByRole("heading", { name: "Connect to your first machine" }).waitFor();
  assert.deepEqual([...new Set(asked)], [farwired.url]);
  const policy = answer.headers()["content-security-policy"];
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /script-src[^;]*unsafe/);
});
