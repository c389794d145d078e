// `npm run test:leaks -- --cycles 100000`: so many connections of every kind to a real server, which must hold no more
// afterwards than before. Exit code 1 if it does. Ctrl-C ends it after the thousand under way.
import {chmod, mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {isDeepStrictEqual, parseArgs} from 'node:util';
import {startEmbedded} from '#db/embedded.ts';
import {HEAP_GROWTH_BYTES_MAX, heapGrowthOf, runLeaks, tellLeaks} from './leak-run.ts';
import {openStage, withoutHeap} from './leak-stage.ts';

const {values} = parseArgs({options: {cycles: {type: 'string', default: '100000'}}});
const folder = await mkdtemp(join(await realpath(tmpdir()), 'fieldmerge-leaks-'));
// As root, Postgres runs as another user, which must get in.
await chmod(folder, 0o711);
const database = await startEmbedded({dataDir: join(folder, 'database')});
const stage = await openStage({databaseUrl: database.url, folder});
const begun = performance.now();
let isOver = false;
process.once('SIGINT', () => (isOver = true));
const result = await runLeaks(stage, {cycles: Number(values.cycles), isOver: () => isOver});
console.log(tellLeaks(result));
console.log(`${((performance.now() - begun) / 1000).toFixed(0)} s`);
const isSame = isDeepStrictEqual(withoutHeap(result.after), withoutHeap(result.baseline));
if (!isSame) console.error('The server holds something else than before.');
const isGrown = heapGrowthOf(result) > HEAP_GROWTH_BYTES_MAX;
if (isGrown) console.error('The heap grows.');
process.exitCode = isSame && !isGrown ? 0 : 1;
await stage.close();
await database.stop();
await rm(folder, {recursive: true, force: true});
