// Secrets that the server makes for itself in development and keeps in DATA_DIR: readable by the owner only,
// made once, also when two processes start at the same moment.
import {randomUUID} from 'node:crypto';
import {chmod, link, mkdir, open, readFile, rm} from 'node:fs/promises';
import {dirname} from 'node:path';

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

async function readSecret(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    await chmod(path, 0o600);
    return text;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Writes all of the file before it gets its name, so that nobody ever reads half a secret. */
async function writeSecret(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await link(draft, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error; // Another process was first: its secret counts.
  } finally {
    await file.close();
    await rm(draft, {force: true});
  }
}

/** The text of the file, made with `make` if there is none. Folders are made as needed. Mode 0600, always. */
export async function readOrMakeSecret(path: string, make: () => string | Promise<string>): Promise<string> {
  const found = await readSecret(path);
  if (found !== undefined) return found;
  await mkdir(dirname(path), {recursive: true});
  await writeSecret(path, await make());
  const made = await readSecret(path);
  if (made === undefined) throw new Error('a secret file vanished while it was being made');
  return made;
}
