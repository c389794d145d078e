// `npm run drill`: backup and restore, tried from end to end, and what it showed. Exit code 1 if anything acknowledged is
// missing afterwards, or the restored database does not verify. -- --tasks N writes N tasks before the backup and N after.
import {chmod, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {runDrill} from './drill.ts';

const {values} = parseArgs({options: {tasks: {type: 'string', default: '200'}}});
const tasks = Number(values.tasks);
if (!Number.isInteger(tasks) || tasks < 1) throw new Error('--tasks must be a whole number from 1.');

const folder = await mkdtemp(join(tmpdir(), 'fieldmerge-drill-'));
await chmod(folder, 0o711);
try {
  const shown = await runDrill(folder, {before: tasks, after: tasks});
  const {before, after, backupMs, restoredMs, oldCursor, lacked, missing, faults} = shown;
  console.log(`${before} tasks were acknowledged before the backup, ${after} after it.`);
  console.log(`The backup took ${Math.round(backupMs)} ms beside the running server.`);
  console.log(`On the backup a server listened after ${Math.round(restoredMs)} ms.`);
  console.log(`The device's cursor was answered ${oldCursor}; it read everything again.`);
  console.log(`The backup lacked ${lacked} tasks of the device; sent again, ${missing} are missing.`);
  console.log(`verify: ${faults} faults.`);
  process.exitCode = missing === 0 && faults === 0 && oldCursor === 'resync' && lacked === after ? 0 : 1;
} finally {
  await rm(folder, {recursive: true, force: true});
}
