/** Words for copying stored passwords, and for the vault's passphrase that lets a person do it. */

export const passwords = {
  copy: "Copy password",
  copyOf: (name: string) => `Copy the password of ${name}`,
  hint: "Prove that it is you. The proof counts for this one password, which leaves the clipboard again by itself.",
  passphrase: "Passphrase of the key store",
  submit: "Copy",
  checking: "Checking",
  failed: "The password was not copied",
  nothingToProve: "The key store has no passphrase",
  nothingToProveHint:
    "This computer opens it for everything you run, so there is nothing by which you could prove that it is you. Set a passphrase, start Farwire again, and copy then.",
  forgot: (what: string, name: string) => `${what} of ${name} forgotten`,
  setOne: "Set a passphrase",
  none: (name: string) => `No password is stored for ${name}`,
  withheld: (name: string) => `The password is not meant for ${name} until you agree in its details`,
  copied: (name: string, seconds: number) => `The password of ${name} is on the clipboard for ${seconds} s`,
  mayBeThere: (name: string) => `The password of ${name} may still be on the clipboard: the browser does not let Farwire look`,
  clear: "Clear now",
  keep: "Keep it",
  cleared: (name: string) => `The password of ${name} is off the clipboard`,
  clipboardRefused: (name: string) => `The clipboard did not take the password of ${name}`,
};

export const passphrase = {
  title: "Passphrase",
  set: "Set a passphrase…",
  change: "Change the passphrase…",
  setTitle: "Set a passphrase",
  changeTitle: "Change the passphrase",
  has: "Opens the key store, and proves that it is you",
  hasNot: "None. Without one, stored passwords cannot be copied.",
  old: "Current passphrase",
  next: "New passphrase",
  again: "Repeat the new passphrase",
  labels: { old: "Current", next: "New", again: "Repeat" },
  differs: "The two are not the same",
  firstHint: "It also opens Farwire’s passwords where the key store of this computer does not. It proves that it is you from the next start of Farwire on.",
  hint: "Older backups still open with the passphrase they were made with.",
  lost: "Nobody can bring a lost passphrase back.",
  failed: "The passphrase was not set",
  done: "The passphrase is set",
};
