// `node --import ./load-typescript.js`: every Node that we support runs our TypeScript as it is written. From 22.18 on Node
// does so itself, but not below node_modules, where the installed package lies. There, and before, the stripper that is built
// into Node does the same from npm: it blanks out types, and adds nothing. docs/decisions/0021 says what it costs to add.
import {register} from 'node:module';

const isNative = Boolean(process.features.typescript) && !import.meta.url.includes('/node_modules/');
if (!isNative) register('./load-typescript-hooks.js', import.meta.url);
