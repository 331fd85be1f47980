/// <reference types="svelte" />
/// <reference types="vite/client" />

declare module "virtual:licences" {
  const licences: import("./state/licences").Licences;
  export default licences;
}
