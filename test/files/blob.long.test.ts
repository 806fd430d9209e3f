/** Azure Blob Storage, against Microsoft's emulator of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
  type ContainerClient,
} from '@azure/storage-blob';
import type { BlobAuthConfig } from '../../src/config';
import type { Files } from '../../src/files';
import { answered, connectionTo, post, refusedPort, service } from '../http/service';
import { ACCOUNT, ACCOUNT_KEY, CERTIFICATE, newContainer, startAzurite } from './azurite';
import { chunks, errorOf, files, folder, read, Stream } from './support';

const OTHER_KEY = Buffer.from('a key that the account does not have').toString('base64');

let account: string;
let nightly: ContainerClient;
let counted = 0;

beforeAll(async () => {
  account = await startAzurite();
  nightly = await newContainer(account, 'nightly');
  await newContainer(account, 'other');
});

/** A name that no other test uses. */
const fresh = () => `folder ${(counted += 1)}/letters+ä.txt`;
const urlOf = (name: string) => nightly.getBlobClient(name).url;

const withKey: BlobAuthConfig = { type: 'sharedKey', account: ACCOUNT, value: { env: 'KEY' } };
function container(auth: BlobAuthConfig = withKey, env: NodeJS.ProcessEnv = { KEY: ACCOUNT_KEY }, writable = true): Files {
  return files({ blobContainers: [{ url: `${account}/nightly`, auth, writable }] }, { env });
}

/** A signature for the container with these permissions. */
function signature(permissions: string, from = Date.now() - 60_000): string {
  const credential = new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY);
  const values = {
    containerName: 'nightly',
    permissions: ContainerSASPermissions.parse(permissions),
    startsOn: new Date(from),
    expiresOn: new Date(from + 3_600_000),
  };
  return generateBlobSASQueryParameters(values, credential).toString();
}

async function stored(name: string): Promise<string> {
  return (await nightly.getBlobClient(name).downloadToBuffer()).toString();
}

/** A blob that holds ten letters. */
async function letters(): Promise<{ name: string; url: string }> {
  const name = fresh();
  await nightly.getBlockBlobClient(name).upload('abcdefghij', 10);
  return { name, url: urlOf(name) };
}

async function names(): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of nightly.listBlobsFlat()) found.push(name);
  return found;
}

const refused = (message: RegExp) => ({ name: 'FileRefusedError', message: expect.stringMatching(message) });
const unreadable = (message: RegExp) => ({ name: 'FileUnreadableError', message: expect.stringMatching(message) });

describe('reading a blob', () => {
  it.each([
    ['the whole blob', undefined, 'abcdefghij'],
    ['its beginning', { offset: 0, bytes: 3 }, 'abc'],
    ['its middle', { offset: 3, bytes: 4 }, 'defg'],
    ['what there is of a range over its end', { offset: 8, bytes: 100 }, 'ij'],
    ['nothing behind its end', { offset: 10, bytes: 1 }, ''],
  ])('yields %s', async (_, range, text) => {
    const { url } = await letters();
    expect(await read(container(), { url }, range)).toEqual({ text, sizeBytes: text.length });
  });

  it('yields an empty one, whole or in part', async () => {
    const name = fresh();
    await nightly.getBlockBlobClient(name).upload('', 0);
    expect(await read(container(), { url: urlOf(name) })).toEqual({ text: '', sizeBytes: 0 });
    expect(await read(container(), { url: urlOf(name) }, { offset: 0, bytes: 5 })).toEqual({ text: '', sizeBytes: 0 });
  });

  it('yields the bytes as they are stored, whatever encoding it names', async () => {
    const name = fresh();
    await nightly.getBlockBlobClient(name).upload('abc', 3, { blobHTTPHeaders: { blobContentEncoding: 'gzip' } });
    expect((await read(container(), { url: urlOf(name) })).text).toBe('abc');
  });

  it('is refused when it is not there, or its container is not', async () => {
    expect(await errorOf(read(container(), { url: urlOf(fresh()) }))).toMatchObject(refused(/letters.* does not exist$/));
    const missing = files(
      { blobContainers: [{ url: `${account}/missing`, auth: withKey, writable: true }] },
      { env: { KEY: ACCOUNT_KEY } },
    );
    const file = { url: `${account}/missing/x` };
    expect(await errorOf(read(missing, file))).toMatchObject(refused(/its container does not exist/));
    expect(await errorOf(missing.checkWritable(file))).toMatchObject(refused(/its container does not exist/));
    expect(await missing.exists(file)).toBe(false);
    await missing.remove(file);
  });

  it('ends with its signal', async () => {
    const { url } = await letters();
    expect(await errorOf(container().open({ url }, { signal: AbortSignal.abort() }))).toMatchObject(unreadable(/no answer in time/));
  });

  it.each([
    ['leads to another container', () => `${account}/nightly/..%2Fother%2Fx`, /without "\." and "\.\."/],
    ['leads there deep inside', () => `${account}/nightly/a%2F..%2f..%2Fother/x`, /without "\." and "\.\."/],
    ['leads there with backslashes', () => `${account}/nightly/..%5Cother%5Cx`, /without "\." and "\.\."/],
    ['holds control characters', () => `${account}/nightly/a%00b`, /without "\." and "\.\."/],
    ['leads to another container once it is read as a URL', () => `${account}/nightly/../other/x`, /urlHosts/],
    ['lies in another container', () => `${account}/other/x`, /urlHosts/],
    ['lies in a container with a longer name', () => `${account}/nightly2/x`, /urlHosts/],
    ['is a folder', () => `${account}/nightly/a/`, /names a folder/],
    ['is the container', () => `${account}/nightly/`, /names a folder/],
    ['is not well formed', () => `${account}/nightly/%zz`, /not well formed/],
    ['carries a signature', () => `${account}/nightly/x?sv=1&sig=s3cret`, /carries a query or fragment.*files\.blobContainers/],
    ['carries a fragment', () => `${account}/nightly/x#s3cret`, /carries a query or fragment/],
  ])('is refused when its URL %s', async (_, url, message) => {
    for (const work of [read(container(), { url: url() }), container().exists({ url: url() })]) {
      const error = await errorOf(work);
      expect(error).toMatchObject(refused(message));
      expect(error.message).not.toContain('s3cret');
    }
  });
});

describe('writing a blob', () => {
  it('makes it, and replaces it', async () => {
    const name = fresh();
    await container().write({ url: urlOf(name) }, Buffer.from('first'));
    expect(await stored(name)).toBe('first');
    await container().write({ url: urlOf(name) }, chunks('sec', 'ond'));
    expect(await stored(name)).toBe('second');
    await container().write({ url: urlOf(name) }, Buffer.alloc(0));
    expect(await stored(name)).toBe('');
  });

  it('of 48 MiB takes no memory, and neither does reading it again', async () => {
    const name = fresh();
    const blobs = container();
    // What the library itself needs does not count.
    await blobs.write({ url: urlOf(name) }, Buffer.from('old'));
    const stream = new Stream(48);
    await blobs.write({ url: urlOf(name) }, stream.bytes());
    const opened = await blobs.open({ url: urlOf(name) }, { signal: AbortSignal.timeout(30_000) });
    let seen = 0;
    let sampled = 0;
    let inOrder = true;
    for await (const chunk of opened.bytes) {
      inOrder &&= chunk[0] === Math.floor(seen / 1_048_576);
      seen += chunk.length;
      if (seen - sampled < 4_194_304) continue;
      sampled = seen;
      stream.sample();
    }
    await opened.close();
    expect([opened.sizeBytes, seen, inOrder]).toEqual([48 * 1_048_576, 48 * 1_048_576, true]);
    expect(stream.peakMebibytes).toBeLessThan(24);
  });

  it('of exactly one block, and of a little more, keeps every byte', async () => {
    for (const bytes of [4_194_304, 4_194_305]) {
      const name = fresh();
      await container().write({ url: urlOf(name) }, Buffer.alloc(bytes, 'x'));
      expect((await nightly.getBlobClient(name).getProperties()).contentLength).toBe(bytes);
    }
  });

  it('leaves the old one when its source fails, and tells what the source said', async () => {
    const { name, url } = await letters();
    async function* failing() {
      for (let i = 0; i < 10; i++) yield await Promise.resolve(Buffer.alloc(1_048_576));
      throw new TypeError('no more');
    }
    expect(await errorOf(container().write({ url }, failing()))).toMatchObject({ name: 'TypeError', message: 'no more' });
    expect(await stored(name)).toBe('abcdefghij');
  });

  it('leaves the old one when its signal ends it', async () => {
    const { name, url } = await letters();
    const ended = new AbortController();
    async function* ending() {
      yield Buffer.alloc(5_000_000);
      ended.abort();
      yield await Promise.resolve(Buffer.alloc(5_000_000));
    }
    expect(await errorOf(container().write({ url }, ending(), ended.signal))).toMatchObject(unreadable(/no answer in time/));
    expect(await stored(name)).toBe('abcdefghij');
  });

  it('lets one of two at once stand, whole, and the other be tried again', async () => {
    const name = fresh();
    const results = await Promise.allSettled(
      ['a', 'b'].map((letter) => container().write({ url: urlOf(name) }, Buffer.alloc(9_000_000, letter))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'FileUnreadableError' });
    const text = await stored(name);
    expect([text.length, new Set(text).size]).toEqual([9_000_000, 1]);
  });

  it('is refused in a container that is only read', async () => {
    const { name, url } = await letters();
    const blobs = container(withKey, { KEY: ACCOUNT_KEY }, false);
    for (const work of [blobs.write({ url }, Buffer.from('x')), blobs.checkWritable({ url: urlOf(fresh()) }), blobs.remove({ url })])
      expect(await errorOf(work)).toMatchObject(refused(/does not let be written \(files\.blobContainers, writable\)/));
    expect(await stored(name)).toBe('abcdefghij');
  });
});

describe('checking, looking and removing', () => {
  it('finds that a blob can be written, and leaves nothing to be seen', async () => {
    const name = fresh();
    await container().checkWritable({ url: urlOf(name) });
    await container().checkWritable({ url: urlOf(name) });
    expect((await names()).filter((other) => other.startsWith(name))).toEqual([]);
    await container().write({ url: urlOf(name) }, Buffer.from('x'));
    expect(await stored(name)).toBe('x');
  });

  it('refuses what exists already', async () => {
    const { url } = await letters();
    expect(await errorOf(container().checkWritable({ url }))).toMatchObject(refused(/exists already/));
  });

  it('finds and removes', async () => {
    const { url } = await letters();
    expect(await container().exists({ url })).toBe(true);
    await container().remove({ url });
    expect(await container().exists({ url })).toBe(false);
    await container().remove({ url });
  });
});

describe('credentials', () => {
  it('may be a signature, with or without ? or URL before it', async () => {
    const { url } = await letters();
    const sas = signature('rcwd');
    for (const value of [sas, `?${sas}`, `${account}/nightly?${sas}`]) {
      const blobs = container({ type: 'sas', value: { env: 'SAS' } }, { SAS: value });
      const name = fresh();
      expect((await read(blobs, { url }, { offset: 1, bytes: 2 })).text).toBe('bc');
      await blobs.checkWritable({ url: urlOf(name) });
      await blobs.write({ url: urlOf(name) }, Buffer.alloc(5_000_000, 'x'));
      expect(await blobs.exists({ url: urlOf(name) })).toBe(true);
      await blobs.remove({ url: urlOf(name) });
    }
  });

  it('that may only read write nothing', async () => {
    const blobs = container({ type: 'sas', value: { env: 'SAS' } }, { SAS: signature('r') });
    const name = fresh();
    expect(await errorOf(blobs.checkWritable({ url: urlOf(name) }))).toMatchObject(
      refused(/cannot be written: its store refuses what the worker's file names as credentials for this container \(403 \w+\)$/),
    );
    expect(await errorOf(blobs.write({ url: urlOf(name) }, Buffer.from('x')))).toMatchObject(refused(/could not be written.*\(403 \w+\)$/));
    expect(await names()).not.toContain(name);
  });

  it('may be none for a container that anybody may read', async () => {
    const { url } = await letters();
    const anonymous = () => container({ type: 'none' }, {});
    expect(await errorOf(read(anonymous(), { url }))).toMatchObject(refused(/its store (refuses|answered 4)|does not exist/));
    await nightly.setAccessPolicy('blob');
    try {
      expect((await read(anonymous(), { url })).text).toBe('abcdefghij');
    } finally {
      await nightly.setAccessPolicy();
    }
  });

  it('are read anew for every file', async () => {
    const { url } = await letters();
    const keyFile = join(folder(), 'key');
    writeFileSync(keyFile, OTHER_KEY);
    const blobs = container({ type: 'sharedKey', account: ACCOUNT, value: { file: keyFile } }, {});
    expect(await errorOf(read(blobs, { url }))).toMatchObject(refused(/refuses/));
    writeFileSync(keyFile, `${ACCOUNT_KEY}\n`);
    expect((await read(blobs, { url })).text).toBe('abcdefghij');
  });

  it('that are not there now may be there later', async () => {
    const { url } = await letters();
    expect(await errorOf(read(container(withKey, {}), { url }))).toMatchObject(
      unreadable(/environment variable KEY.* is empty or not set/),
    );
  });

  it('may be tokens of Microsoft Entra ID, got once and sent over https only', async () => {
    const secure = await startAzurite(true);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const nowSeconds = Math.floor(Date.now() / 1000);
    const claims = {
      aud: 'https://storage.azure.com',
      iss: 'https://sts.windows.net/tenant/',
      iat: nowSeconds,
      nbf: nowSeconds - 60,
      exp: nowSeconds + 3600,
    };
    const token = `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.x`;
    const scopes: string[] = [];
    const env = { SECRET: 's3cret' };
    const auth: BlobAuthConfig = { type: 'entra', tenantId: 'tenant', clientId: 'client', clientSecret: { env: 'SECRET' } };
    const openTokenSource = () =>
      Promise.resolve({
        getToken: (scope: string) => {
          scopes.push(scope);
          return Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
        },
      });
    const blobs = files({ blobContainers: [{ url: `${secure}/venues`, auth, writable: true }] }, { env, openTokenSource, ca: CERTIFICATE });
    const file = { url: `${secure}/venues/x` };
    await newContainer(secure, 'venues');
    await blobs.checkWritable(file);
    await blobs.write(file, Buffer.from('abc'));
    expect((await read(blobs, file)).text).toBe('abc');
    expect(scopes).toEqual(['https://storage.azure.com/.default']);
  });

  it('that Microsoft Entra ID does not give are a problem of now, told by its code', async () => {
    const openTokenSource = () => Promise.reject(new Error('AADSTS7000215: Invalid client secret s3cret provided'));
    const secure = 'https://127.0.0.1/account/nightly';
    const blobs = files({ blobContainers: [{ url: secure, auth: { type: 'entra' }, writable: true }] }, { openTokenSource });
    expect(await errorOf(read(blobs, { url: `${secure}/x` }))).toMatchObject(
      unreadable(/could not be read: no token could be had from Microsoft Entra ID \(AADSTS7000215\)$/),
    );
  });
});

describe('a message', () => {
  it('never holds the key, a signature or anything signed', async () => {
    const { url } = await letters();
    const sas = signature('r', Date.now() - 7_200_000);
    const nowhere = `http://127.0.0.1:${await refusedPort()}/${ACCOUNT}/nightly`;
    // As a service would answer that tells everything.
    const talkative = await service((request, response) =>
      response
        .writeHead(403, { 'x-ms-error-code': 'AuthenticationFailed', 'content-type': 'application/xml' })
        .end(
          `<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Message>${request.url.replace(/&/g, '&amp;')} ${request.headers.authorization ?? ''}</Message></Error>`,
        ),
    );
    const keyed = (key: string, at: string) =>
      files({ blobContainers: [{ url: at, auth: withKey, writable: true }] }, { env: { KEY: key } });
    const signed = (at: string) =>
      files({ blobContainers: [{ url: at, auth: { type: 'sas', value: { env: 'SAS' } }, writable: true }] }, { env: { SAS: sas } });
    const here = `${account}/nightly`;
    const there = `${talkative.url}/${ACCOUNT}/nightly`;
    const doors = [
      keyed(OTHER_KEY, here),
      signed(here),
      keyed(ACCOUNT_KEY, nowhere),
      signed(nowhere),
      keyed(ACCOUNT_KEY, there),
      signed(there),
    ];
    const places = [here, here, nowhere, nowhere, there, there];
    const secret = [ACCOUNT_KEY, OTHER_KEY, ...new URLSearchParams(sas).getAll('sig')];
    const forbidden = [...secret, ...secret.map(encodeURIComponent), 'sig=', 'SharedKey', `${ACCOUNT}:`];
    const all: string[] = [];
    await Promise.all(
      doors.flatMap((door, index) => {
        const file = { url: url.replace(here, places[index]!) };
        const works = [read(door, file), door.exists(file), door.checkWritable(file), door.remove(file)];
        works.push(door.write(file, Buffer.from('x')), door.write(file, Buffer.alloc(5_000_000)));
        return works.map(async (work) => {
          const error = await errorOf(work);
          expect(error.name).toBe(places[index] === nowhere ? 'FileUnreadableError' : 'FileRefusedError');
          // Whatever a log would print of it.
          all.push(`${error.message} ${error.stack ?? ''} ${JSON.stringify(error)} ${String(error.cause)}`);
        });
      }),
    );
    expect(all).toHaveLength(36);
    expect(all.join('\n')).toMatch(/connection refused by 127\.0\.0\.1/);
    expect(all.join('\n')).toMatch(/\(403 AuthenticationFailed\)/);
    for (const word of forbidden) expect(all.filter((text) => text.includes(word))).toEqual([]);
  });

  it('says clearly that the key is wrong', async () => {
    const { name, url } = await letters();
    const error = await errorOf(read(container(withKey, { KEY: OTHER_KEY }), { url }));
    expect(error).toMatchObject(
      refused(/could not be read: its store refuses what the worker's file names as credentials for this container \(403 \w+\)$/),
    );
    expect(error.message).toContain(new URL(urlOf(name)).pathname);
  });
});

describe('a submit', () => {
  const withContainer = (auth: object) => ({ blobContainers: [{ url: `${account}/nightly`, auth }] });

  it('sends a blob as its body, with its length', async () => {
    const { url } = await letters();
    const target = await service((_, response) => response.writeHead(202).end());
    const connection = connectionTo(
      { baseUrl: target.url },
      { env: { KEY: ACCOUNT_KEY } },
      withContainer({ type: 'sharedKey', value: { env: 'KEY' } }),
    );
    const body = { kind: 'file' as const, file: { url, contentType: 'application/zip' } };
    expect(answered(await connection.exchange(post(target.url, { body }))).httpStatus).toBe(202);
    expect(target.seen[0]).toMatchObject({
      headers: { 'content-length': '10', 'content-type': 'application/zip' },
      body: Buffer.from('abcdefghij'),
    });
  });

  it('is not sent when the blob is refused, and may be tried again when its store is away', async () => {
    const target = await service((_, response) => response.writeHead(202).end());
    const sas = { env: { SAS: signature('w') } };
    const connection = connectionTo({ baseUrl: target.url }, sas, withContainer({ type: 'sas', value: { env: 'SAS' } }));
    const { url } = await letters();
    await expect(connection.exchange(post(target.url, { body: { kind: 'file', file: { url } } }))).rejects.toMatchObject(refused(/403/));
    const away = `http://127.0.0.1:${await refusedPort()}/${ACCOUNT}/nightly`;
    const other = connectionTo({ baseUrl: target.url }, {}, { blobContainers: [{ url: away }] });
    expect(await other.exchange(post(target.url, { body: { kind: 'file', file: { url: `${away}/x` } } }))).toMatchObject({
      kind: 'noAnswer',
      maybeSent: false,
      reason: expect.stringContaining('refused'),
    });
    expect(target.seen).toEqual([]);
  });
});
