/** What a change of several machines really does to each: also what they take over from groups, and where that comes from. */
import type { ConnectionFields } from "../../api";
import type { ChangedField, ChangedThingFields, Connection } from "../../bindings";
import { type Effective, keysOf, Reader, WISH_KEYS, type WishKey, withFields } from "../../state/wishes";
import { t } from "../../texts";
import { wordsOf } from "./displayoptions";

/** What a machine does, in words. */
function told(key: WishKey, { value, isOwn, says }: Effective): string {
  const words = wordsOf(key, value);
  return !isOwn && says ? t.many.valueFrom(words, says.group.name) : words;
}

/** A change with its fields as they act: settings in words, with the group that says them. */
export function reviewed(machine: Connection, fields: ConnectionFields, change: ChangedThingFields, reader: Reader): ChangedThingFields {
  const after = withFields(machine, fields);
  const honoured: WishKey[] = ["credential", ...keysOf(fields.protocol ?? machine.protocol)];
  const acting = WISH_KEYS.flatMap((key): ChangedField[] => {
    const [was, is] = [reader.of(machine, key, machine.category_uid), reader.of(after, key, after.group)];
    const isListed = change.fields.some((field) => field.key === key);
    if (!isListed && (was.value === is.value || !honoured.includes(key))) return [];
    return [{ key, from: told(key, was), to: told(key, is), secret: false }];
  });
  const rest = change.fields.filter(({ key }) => !WISH_KEYS.some((one) => one === key));
  return { ...change, fields: [...rest, ...acting] };
}
