// Finding what a person sees, by role and accessible name. Runs inside the page.

/**
 * The first visible element with a role and a name, or null. A field counts as a text box whatever its type is: a person
 * does not see the difference, and password fields have no role at all.
 */
export function find(role, name, flags) {
  const native = {
    button: "button, summary, input[type=submit]",
    textbox: "input:not([type=checkbox]):not([type=radio]):not([type=submit]), textarea",
    checkbox: "input[type=checkbox]",
    link: "a[href]",
    heading: "h1, h2, h3, h4, h5, h6",
    option: "option",
  };
  const wanted = flags === null ? (text) => text === name : (text) => new RegExp(name, flags).test(text);
  const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const nameOf = (element) => {
    const spoken = plain(element.getAttribute("aria-label"));
    if (spoken) return spoken;
    const ids = plain(element.getAttribute("aria-labelledby")).split(" ").filter(Boolean);
    const labels = ids.map((id) => document.getElementById(id)?.textContent ?? "");
    if (labels.length > 0) return plain(labels.join(" "));
    const own = [...(element.labels ?? [])].map((label) => label.textContent).join(" ");
    return plain(own) || plain(element.textContent) || plain(element.getAttribute("title"));
  };
  const selector = [`[role=${role}]`, ...(native[role] ? native[role].split(", ").map((part) => `${part}:not([role])`) : [])];
  const found = [...document.querySelectorAll(selector.join(", "))].find(
    (element) => element.checkVisibility({ visibilityProperty: true }) && wanted(nameOf(element)),
  );
  return found ?? null;
}
