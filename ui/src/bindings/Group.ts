export type Group = {
  group_uid: string;
  name: string;
  parent_uid: string | null;
  count: number;
  revision: number;
};
