// JSON values as records hold them, and the two questions the merge asks of them: are they storable, are
// they equal.

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Keys that reach an object's prototype in some reader or other: no value and no map may carry them. */
export const forbiddenKeys: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * Text with members sorted by code unit, so that equal values have equal text whoever wrote them.
 * Two writes overwrite each other only if these differ.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(canonicalJson).join(',')}]`;
  const object = value as JsonObject;
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key] ?? null)}`);
  return `{${members.join(',')}}`;
}

/** Whether two values are the same write to the merge. */
export function isEqualJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  return canonicalJson(a) === canonicalJson(b);
}

/** NUL, lone surrogates and the replacement character that an encoder leaves where one stood: Postgres or UTF-8 would lose them. */
export function isStorableString(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0 || unit === 0xfffd) return false;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(index + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    index++;
  }
  return true;
}

/**
 * Whether a parsed JSON value can be kept at all, whatever its field: finite numbers, storable strings,
 * harmless keys. Depth and node bounds apply to the value as a whole.
 */
export function isStorableJson(value: unknown, bounds: {depth: number; nodes: number}): value is JsonValue {
  let nodes = bounds.nodes;
  const visit = (part: unknown, depth: number): boolean => {
    if (--nodes < 0 || depth < 0) return false;
    if (part === null || typeof part === 'boolean') return true;
    if (typeof part === 'number') return Number.isFinite(part) && !Object.is(part, -0);
    if (typeof part === 'string') return isStorableString(part);
    if (typeof part !== 'object') return false;
    if (Array.isArray(part)) return part.every((element) => visit(element, depth - 1));
    return Object.entries(part).every(
      ([key, member]) => !forbiddenKeys.has(key) && isStorableString(key) && visit(member, depth - 1),
    );
  };
  return visit(value, bounds.depth);
}
