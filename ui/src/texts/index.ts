/** The texts of the window in the person's language. English is the first and, so far, the only one. */
export { en as t } from "./en";
