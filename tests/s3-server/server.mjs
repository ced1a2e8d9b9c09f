// An S3-compatible server for the tests: `node server.mjs SETTINGS`, a JSON file with port, certificate, folder and bucket. It refuses
// access keys other than its one, S3RVER; it does not check signatures.

import { readFileSync } from 'node:fs';
import S3rver from 's3rver';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const server = new S3rver({
  address: '127.0.0.1',
  port: settings.port,
  key: readFileSync(settings.key),
  cert: readFileSync(settings.certificate),
  directory: settings.folder,
  silent: false,
  configureBuckets: [{ name: settings.bucket }],
});
await server.run();
