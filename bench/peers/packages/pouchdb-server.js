// PouchDB's server as its packages come: the CouchDB protocol over express, documents in LevelDB. DATA: a folder
// of its own. No account is set up, so everybody is an administrator.
import {mkdirSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import process from 'node:process';

const require = createRequire(import.meta.url);
const express = require('express');
const expressPouchDb = require('express-pouchdb');
const PouchDB = require('pouchdb');

const folder = process.env.DATA;
mkdirSync(folder, {recursive: true});
const Stored = PouchDB.defaults({prefix: join(folder, '/')});

const app = express();
app.use(
  '/',
  expressPouchDb(Stored, {mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: join(folder, 'log.txt')}),
);
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on http://127.0.0.1:${server.address().port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
