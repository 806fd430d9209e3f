/** Files on web servers, read whole and in parts. */
import * as http from 'node:http';
import type * as net from 'node:net';
import { atEnd, errorOf, files, read } from './support';

const LETTERS = 'abcdefghij';

/** A server that answers as the test says, and what it was asked. */
async function host(answer: (request: http.IncomingMessage, response: http.ServerResponse) => unknown) {
  const asked: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/letters.txt`;
  return { url, asked, web: files({ urlHosts: ['127.0.0.1'], privateHosts: 'allow' }) };
}

/** Answers ranges as RFC 9110 wants it. */
function withRanges(request: http.IncomingMessage, response: http.ServerResponse): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (first === undefined) return void response.end(LETTERS);
  const part = LETTERS.slice(Number(first), Number(last) + 1);
  if (part === '') return void response.writeHead(416, { 'content-range': `bytes */${LETTERS.length}` }).end();
  const range = `bytes ${first}-${Number(first) + part.length - 1}/${LETTERS.length}`;
  response.writeHead(206, { 'content-range': range, 'content-length': part.length }).end(part);
}

const withoutRanges = (_: http.IncomingMessage, response: http.ServerResponse) =>
  response.writeHead(200, { 'content-length': LETTERS.length }).end(LETTERS);

/** In chunks of two letters each, without saying how many. */
const withoutLength = (_: http.IncomingMessage, response: http.ServerResponse) => {
  for (const chunk of LETTERS.match(/../g)!) response.write(chunk);
  response.end();
};

const RANGES = [
  ['the beginning', { offset: 0, bytes: 3 }, 'abc'],
  ['the middle', { offset: 3, bytes: 4 }, 'defg'],
  ['what there is of a range over the end', { offset: 8, bytes: 100 }, 'ij'],
  ['nothing behind the end', { offset: 10, bytes: 5 }, ''],
] as const;

describe('a host that knows ranges', () => {
  it.each(RANGES)('sends %s only', async (_, range, text) => {
    const { url, asked, web } = await host(withRanges);
    expect(await read(web, { url }, range)).toEqual({ text, sizeBytes: text.length });
    expect(asked[0]!.headers.range).toBe(`bytes=${range.offset}-${range.offset + range.bytes - 1}`);
  });

  it('is not asked for a range where the whole file is wanted', async () => {
    const { url, asked, web } = await host(withRanges);
    expect((await read(web, { url })).text).toBe(LETTERS);
    expect(asked[0]!.headers.range).toBeUndefined();
  });

  it.each([
    ['another part', 'bytes 1-3/10', 'bcd'],
    ['more than was asked for', 'bytes 0-3/10', 'abcd'],
    ['less than there is', 'bytes 0-1/10', 'ab'],
    ['a part of nobody knows what', 'letters', 'abc'],
  ])('is not believed when it sends %s', async (_, range, body) => {
    const { url, web } = await host((__, response) => response.writeHead(206, { 'content-range': range }).end(body));
    expect(await errorOf(read(web, { url }, { offset: 0, bytes: 3 }))).toMatchObject({
      name: 'FileUnreadableError',
      message: expect.stringContaining('another range'),
    });
  });

  it('must send all of the part that it announced', async () => {
    const { url, web } = await host((_, response) => response.writeHead(206, { 'content-range': 'bytes 0-2/10' }).end('ab'));
    expect(await errorOf(read(web, { url }, { offset: 0, bytes: 3 }))).toMatchObject({
      message: expect.stringContaining('changed its size'),
    });
  });
});

describe('a host that knows no ranges', () => {
  it.each(RANGES)('sends everything, of which %s is taken', async (_, range, text) => {
    const known = await host(withoutRanges);
    expect(await read(known.web, { url: known.url }, range)).toEqual({ text, sizeBytes: text.length });
    const unknown = await host(withoutLength);
    expect(await read(unknown.web, { url: unknown.url }, range)).toEqual({ text, sizeBytes: undefined });
  });

  it('is left as soon as the range is there', async () => {
    const { url, asked, web } = await host((_, response) => response.writeHead(200).write(LETTERS));
    expect((await read(web, { url }, { offset: 2, bytes: 3 })).text).toBe('cde');
    if (!asked[0]!.destroyed) await new Promise((resolve) => asked[0]!.once('close', resolve));
  });
});

describe('a file at a URL', () => {
  it('that breaks off is not whole, and its signature is not repeated', async () => {
    const { url, web } = await host((_, response) =>
      response.writeHead(200, { 'content-length': 20 }).write('half', () => response.destroy()),
    );
    const error = await errorOf(read(web, { url: `${url}?sig=s3cret` }));
    expect(error).toMatchObject({ name: 'FileUnreadableError', message: expect.stringMatching(/could not be read to its end/) });
    expect(error.message).not.toContain('s3cret');
  });

  it('that does not come any further is left with the signal', async () => {
    const { url, web } = await host((_, response) => response.writeHead(200, { 'content-length': 20 }).write('half'));
    const ended = new AbortController();
    const opened = await web.open({ url }, { signal: ended.signal });
    // The last piece that came is held back until it is sure that it is the last.
    const next = errorOf(opened.bytes[Symbol.asyncIterator]().next());
    ended.abort();
    expect(await next).toMatchObject({ name: 'FileUnreadableError', message: expect.stringMatching(/no time left/) });
    await opened.close();
  });

  it.each([
    [200, true],
    [206, true],
    [416, true],
    [404, false],
    [410, false],
  ])('exists or not: %i', async (status, there) => {
    const { url, web } = await host((_, response) => response.writeHead(status).end());
    expect(await web.exists({ url })).toBe(there);
  });

  it('may be there when its host has a problem or refuses', async () => {
    const busy = await host((_, response) => response.writeHead(503).end());
    expect(await errorOf(busy.web.exists({ url: busy.url }))).toMatchObject({
      name: 'FileUnreadableError',
      message: expect.stringMatching(/503/),
    });
    const closed = await host((_, response) => response.writeHead(403).end());
    expect(await errorOf(closed.web.exists({ url: closed.url }))).toMatchObject({
      name: 'FileRefusedError',
      message: expect.stringMatching(/403/),
    });
    expect(await errorOf(closed.web.exists({ url: 'https://example.com/a' }))).toMatchObject({
      message: expect.stringMatching(/urlHosts/),
    });
  });

  it('is only read', async () => {
    const { url, asked, web } = await host(withRanges);
    const file = { url: `${url}?sig=s3cret` };
    for (const work of [web.write(file, Buffer.from('x')), web.checkWritable(file), web.remove(file)]) {
      const error = await errorOf(work);
      expect(error).toMatchObject({
        name: 'FileRefusedError',
        message: expect.stringMatching(/is not in a container.*\(files\.blobContainers\)$/),
      });
      expect(error.message).not.toContain('s3cret');
    }
    expect(asked).toEqual([]);
  });

  it.each([[{}], [{ url: 'https://example.com/', path: 'x' }]])('is named in one way: %j', async (file) => {
    const { web } = await host(withRanges);
    for (const work of [read(web, file), web.write(file, Buffer.from('x')), web.exists(file)])
      expect(await errorOf(work)).toMatchObject({ name: 'FileRefusedError', message: 'a file is named by either url or path' });
  });
});
