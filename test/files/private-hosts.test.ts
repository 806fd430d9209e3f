/** Hosts of `files.urlHosts` are asked at public addresses only, unless the worker's file says otherwise: callers choose among them. */
import type { FilesConfig } from '../../src/config';
import { resolver } from '../support/resolver';
import { CERTIFICATE, connectionTo, post, service } from '../http/service';
import { errorOf, files, read } from './support';

const URL_HOSTS = { urlHosts: ['*.example.com', 'files.example', 'localhost', '127.0.0.1', '[::1]'] };

/** A web server on this machine, which counts connections, and files that may be read there. */
async function host(addresses: Record<string, string[]>, more: Partial<FilesConfig> = {}) {
  const secure = await service((_, response) => response.end('abc'), true);
  let connections = 0;
  secure.server.on('connection', () => connections++);
  const lookup = resolver(addresses);
  return { ...secure, lookup, connected: () => connections, web: files({ ...URL_HOSTS, ...more }, { lookup, ca: CERTIFICATE }) };
}

const refused = {
  name: 'FileRefusedError',
  message: expect.stringMatching(/private address \("privateHosts: allow" below "files" of the worker's file changes that\)$/),
};

it.each([
  ['a name below a wildcard', 'https://inside.example.com:{port}/x?sig=s3cret', { 'inside.example.com': ['127.0.0.1'] }],
  ['a name that resolves to several', 'https://files.example:{port}/x?sig=s3cret', { 'files.example': ['20.1.2.3', '10.0.0.1'] }],
  ['a link-local address', 'https://files.example:{port}/x?sig=s3cret', { 'files.example': ['169.254.169.254'] }],
  ['this machine by its name', 'https://localhost:{port}/x?sig=s3cret', { localhost: ['127.0.0.1'] }],
  ['this machine by its address', 'https://127.0.0.1:{port}/x?sig=s3cret', {}],
  ['this machine by its address in another spelling', 'https://0x7f.1:{port}/x?sig=s3cret', {}],
  ['this machine by an address of version 6', 'https://[::1]:{port}/x?sig=s3cret', {}],
  ['this machine, in the clear', 'http://localhost:{port}/x?sig=s3cret', { localhost: ['127.0.0.1'] }],
])('%s is not asked', async (_, url, addresses) => {
  const { web, port, connected } = await host(addresses);
  const file = { url: url.replace('{port}', `${port}`) };
  for (const work of [read(web, file), read(web, file, { offset: 0, bytes: 1 }), web.exists(file)]) {
    const error = await errorOf(work);
    expect(error).toMatchObject(refused);
    expect(error.message).not.toContain('s3cret');
  }
  expect(connected()).toBe(0);
});

it('a host is asked where the file allows it', async () => {
  const { web, port } = await host({ localhost: ['127.0.0.1'] }, { privateHosts: 'allow' });
  expect((await read(web, { url: `https://localhost:${port}/x` })).text).toBe('abc');
});

it('a host is looked up once for a request, and only then connected to', async () => {
  const { web, port, connected, lookup } = await host({ 'files.example': ['20.1.2.3', '127.0.0.1'] });
  expect(await errorOf(read(web, { url: `https://files.example:${port}/x` }))).toMatchObject(refused);
  expect(lookup.asked).toEqual(['files.example']);
  expect(connected()).toBe(0);
});

it('a body file is judged like any other, and nothing is submitted', async () => {
  const source = await service((_, response) => response.end('token'), true);
  const target = await service((_, response) => response.writeHead(202).end());
  const lookup = resolver({ 'a.example.com': ['127.0.0.1'] });
  const connection = connectionTo({ baseUrl: target.url }, { lookup, ca: CERTIFICATE }, URL_HOSTS);
  const body = { kind: 'file' as const, file: { url: `https://a.example.com:${source.port}/x` } };
  expect(await errorOf(connection.exchange(post(target.url, { body })))).toMatchObject(refused);
  expect([...source.seen, ...target.seen]).toEqual([]);
});
