/**
 * A job API as a process that tests kill: `node job-service.js <port> <file>`. It knows no idempotency keys, but lists jobs by the tag that they
 * were given. A job is made when its line is in the file; the process may die before that, after it, and before it has answered.
 * Tags that were looked for are in `<file>.looked`.
 */
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');

const [port, file] = process.argv.slice(2);
const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
const jobs = lines.map((line) => JSON.parse(line));
const someTime = () => sleep(Math.random() * 200);

async function answer(request, response, body) {
  const url = new URL(request.url, 'http://service');
  response.setHeader('content-type', 'application/json');
  if (request.method === 'POST') {
    await someTime();
    const { tag, name } = JSON.parse(body);
    const job = { id: `job-${jobs.length}`, tag, name };
    jobs.push(job);
    appendFileSync(file, `${JSON.stringify(job)}\n`);
    await someTime();
    return response.writeHead(201).end(JSON.stringify(job));
  }
  if (url.pathname === '/jobs') {
    const tag = url.searchParams.get('tag');
    appendFileSync(`${file}.looked`, `${tag}\n`);
    return response.end(JSON.stringify({ data: jobs.filter((job) => job.tag === tag) }));
  }
  const job = jobs.find(({ id }) => url.pathname === `/jobs/${id}`);
  return job === undefined ? response.writeHead(404).end('{}') : response.end(JSON.stringify({ ...job, status: 'done' }));
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => void answer(request, response, Buffer.concat(chunks).toString()));
});
server.listen(Number(port), '127.0.0.1', () => console.log(`job service ready at http://127.0.0.1:${server.address().port}`));
