// What is wrong with a request or a change, by the member that breaks its schema. Values are never repeated.
import type {z} from 'zod';

/** Messages by path, such as `changes.0.op`; the empty path is `body`. */
export function faultsByField(error: z.ZodError): Record<string, string> {
  const faults: Record<string, string> = {};
  for (const issue of error.issues) {
    const path = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) faults[path === '' ? key : `${path}.${key}`] = 'is not known here';
    } else {
      faults[path === '' ? 'body' : path] ??= issue.message;
    }
  }
  return faults;
}

/** The first of them as a sentence. */
export const firstFault = (faults: Readonly<Record<string, string>>): string => {
  const [first] = Object.entries(faults);
  return first === undefined ? 'is not valid' : `${first[0]}: ${first[1]}`;
};
