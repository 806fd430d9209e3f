/**
 * Tries wrong uses of the client as a program in plain JavaScript does: one statement a line on standard input, in JSON, and on standard output
 * what each threw.
 */
const { createInterface } = require('node:readline');
const { join } = require('node:path');

const DIST = join(__dirname, '../../dist');
const { LroClient, KeySource } = require(join(DIST, 'client'));

const AsyncFunction = (async () => {}).constructor;
const inScope = () => ({ LroClient, KeySource, ...require(join(DIST, 'hosting')), ...require(join(DIST, 'plugin')) });

async function tried(lro, statement) {
  const scope = /loadConfig|LroPlugin|createLroWorker|openHealth/.test(statement) ? inScope() : { LroClient, KeySource };
  try {
    await new AsyncFunction('lro', ...Object.keys(scope), statement)(lro, ...Object.values(scope));
    return { code: 'nothing', said: 'was not refused' };
  } catch (err) {
    return { code: err.constructor.name, said: err.message };
  }
}

async function main() {
  const lro = await LroClient.connect();
  for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await tried(lro, JSON.parse(line))));
  process.exit();
}

void main();
