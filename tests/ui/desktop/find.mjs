// Finding what a person sees, by role and accessible name. Runs inside the page.

/**
 * The first visible element with a role and a name, or null. `path` is a list of `[role, name, flags]`, from the outermost
 * part of the page to the element; a name with flags is a pattern. A field counts as a text box whatever its type is: a person
 * does not see the difference, and password fields have no role at all.
 */
export function find(path) {
  const native = {
    button: "button, summary, input[type=submit]",
    textbox: "input:not([type=checkbox]):not([type=radio]):not([type=submit]), textarea",
    checkbox: "input[type=checkbox]",
    link: "a[href]",
    heading: "h1, h2, h3, h4, h5, h6",
    complementary: "aside",
    form: "form",
    option: "option",
    region: "section",
  };
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
  const first = (scope, [role, name, flags]) => {
    const isWanted = flags === null ? (text) => text === name : (text) => new RegExp(name, flags).test(text);
    const untold = (native[role] ?? "").split(", ").filter(Boolean).map((part) => `${part}:not([role])`);
    const found = [...scope.querySelectorAll([`[role=${role}]`, ...untold].join(", "))];
    return found.find((element) => element.checkVisibility({ visibilityProperty: true }) && isWanted(nameOf(element))) ?? null;
  };
  return path.reduce((scope, step) => scope && first(scope, step), document);
}
