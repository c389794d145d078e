#!/usr/bin/env node
// The `fieldmerge` command from any folder: makes this Node understand the sources as they are, then runs the command.
import '../load-typescript.js';

await import('./fieldmerge-command.ts');
