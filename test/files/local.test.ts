/** Files on the worker's own machine. Tests may run as root, whom no mode bits keep out: what cannot be written lies below a file. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { chunks, errorOf, files, folder, read, Stream } from './support';

/** A folder that may be read and written, one outside, and links from the one to the other. */
function place() {
  const inside = folder();
  const outside = folder();
  writeFileSync(join(inside, 'letters.txt'), 'abcdefghij');
  writeFileSync(join(outside, 'secret.txt'), 'secret');
  mkdirSync(join(inside, 'sub'));
  symlinkSync(join(outside, 'secret.txt'), join(inside, 'link.txt'));
  symlinkSync(outside, join(inside, 'linked-folder'));
  symlinkSync(join(outside, 'new.txt'), join(inside, 'dangling.txt'));
  symlinkSync(join(outside, 'new-folder'), join(inside, 'dangling-folder'));
  symlinkSync(join(inside, 'letters.txt'), join(inside, 'inner-link.txt'));
  return { inside, outside, local: files({ readBelow: [inside], writeBelow: [inside] }) };
}

const refused = (message: RegExp) => ({ name: 'FileRefusedError', message: expect.stringMatching(message) });

describe('reading', () => {
  it.each([
    ['the whole file', undefined, 'abcdefghij'],
    ['its beginning', { offset: 0, bytes: 3 }, 'abc'],
    ['its middle', { offset: 3, bytes: 4 }, 'defg'],
    ['what there is of a range over its end', { offset: 8, bytes: 100 }, 'ij'],
    ['nothing behind its end', { offset: 10, bytes: 1 }, ''],
    ['nothing far behind its end', { offset: 1000, bytes: 1 }, ''],
  ])('yields %s', async (_, range, text) => {
    const { local } = place();
    expect(await read(local, { path: 'letters.txt' }, range)).toEqual({ text, sizeBytes: text.length });
  });

  it('follows a link that stays inside', async () => {
    const { local } = place();
    expect((await read(local, { path: 'inner-link.txt' })).text).toBe('abcdefghij');
  });

  it('announces and yields only a range, though the file grows', async () => {
    const { inside, local } = place();
    const opened = await local.open({ path: 'letters.txt' }, { range: { offset: 0, bytes: 5 }, signal: AbortSignal.timeout(5000) });
    writeFileSync(join(inside, 'letters.txt'), 'abcdefghijklm');
    const got: string[] = [];
    for await (const chunk of opened.bytes) got.push(chunk.toString());
    await opened.close();
    expect(got.join('')).toBe('abcde');
  });

  it('breaks off when the file shrinks', async () => {
    const { inside, local } = place();
    const opened = await local.open({ path: 'letters.txt' }, { range: { offset: 0, bytes: 5 }, signal: AbortSignal.timeout(5000) });
    writeFileSync(join(inside, 'letters.txt'), 'abc');
    await expect(opened.bytes[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      name: 'FileUnreadableError',
      message: expect.stringContaining('changed its size'),
    });
    await opened.close();
  });

  it.each([[{ offset: -1, bytes: 1 }], [{ offset: 0, bytes: 0 }], [{ offset: 0.5, bytes: 1 }]])('takes no range like %j', async (range) => {
    const { local } = place();
    await expect(read(local, { path: 'letters.txt' }, range)).rejects.toThrow(RangeError);
  });

  it('says "does not exist" only of what would be allowed', async () => {
    const { inside, outside, local } = place();
    expect(await errorOf(read(local, { path: 'nowhere.txt' }))).toMatchObject(refused(/"nowhere\.txt" does not exist/));
    expect(await errorOf(read(local, { path: join(inside, 'nowhere.txt') }))).toMatchObject(refused(/does not exist/));
    for (const name of ['secret.txt', 'nowhere.txt'])
      expect(await errorOf(read(local, { path: join(outside, name) }))).toMatchObject(
        refused(/is not below a folder that the worker's file allows \(files\.readBelow\)$/),
      );
  });

  it('is allowed below folders that may be written: a report is what a retry starts from', async () => {
    const { inside } = place();
    const local = files({ writeBelow: [inside] });
    expect(await read(local, { path: 'letters.txt' })).toEqual(await read(files({ readBelow: [inside] }), { path: 'letters.txt' }));
  });
});

describe('writing', () => {
  it('makes the file and its folders, and leaves nothing beside it', async () => {
    const { inside, local } = place();
    await local.write({ path: 'a/b/report.jsonl' }, Buffer.from('one\n'));
    await local.write({ path: join(inside, 'a', 'c.jsonl') }, chunks('one\n', 'two\n'));
    expect(readFileSync(join(inside, 'a/b/report.jsonl'), 'utf8')).toBe('one\n');
    expect(readFileSync(join(inside, 'a/c.jsonl'), 'utf8')).toBe('one\ntwo\n');
    expect([readdirSync(join(inside, 'a')), readdirSync(join(inside, 'a/b'))]).toEqual([['b', 'c.jsonl'], ['report.jsonl']]);
  });

  it('makes the allowed folder itself', async () => {
    const reports = join(folder(), 'reports');
    await files({ writeBelow: [reports] }).write({ path: 'r.jsonl' }, Buffer.from('x'));
    expect(readFileSync(join(reports, 'r.jsonl'), 'utf8')).toBe('x');
  });

  it('replaces what is there, and shows nothing of it before it is whole', async () => {
    const { inside, local } = place();
    let seen = '';
    async function* looking() {
      yield Buffer.from('new ');
      seen = readFileSync(join(inside, 'letters.txt'), 'utf8');
      yield await Promise.resolve(Buffer.from('text'));
    }
    await local.write({ path: 'letters.txt' }, looking());
    expect([seen, readFileSync(join(inside, 'letters.txt'), 'utf8')]).toEqual(['abcdefghij', 'new text']);
  });

  it('leaves the old file when its source fails, and tells what the source said', async () => {
    const { inside, local } = place();
    const before = readdirSync(inside);
    async function* failing() {
      yield await Promise.resolve(Buffer.from('half'));
      throw new TypeError('no more');
    }
    expect(await errorOf(local.write({ path: 'letters.txt' }, failing()))).toMatchObject({ name: 'TypeError', message: 'no more' });
    expect(readFileSync(join(inside, 'letters.txt'), 'utf8')).toBe('abcdefghij');
    expect(readdirSync(inside)).toEqual(before);
  });

  it('ends with its signal, and leaves the old file', async () => {
    const { inside, local } = place();
    const ended = new AbortController();
    async function* ending() {
      yield Buffer.from('half');
      ended.abort();
      yield await Promise.resolve(Buffer.from('whole'));
    }
    expect(await errorOf(local.write({ path: 'letters.txt' }, ending(), ended.signal))).toMatchObject({
      name: 'FileUnreadableError',
      message: expect.stringContaining('no time left'),
    });
    expect(readFileSync(join(inside, 'letters.txt'), 'utf8')).toBe('abcdefghij');
  });

  it('lets the last of several at once stand, whole', async () => {
    const { inside, local } = place();
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => local.write({ path: 'deep/er/x' }, chunks(...Array<string>(50).fill(String(i))))),
    );
    expect(readFileSync(join(inside, 'deep/er/x'), 'utf8')).toMatch(/^(\d)\1{49}$/);
    expect(readdirSync(join(inside, 'deep/er'))).toEqual(['x']);
  });

  it('takes no memory, and neither does reading it again', async () => {
    const { local } = place();
    const stream = new Stream(48);
    await local.write({ path: 'large' }, stream.bytes());
    const opened = await local.open({ path: 'large' }, { signal: AbortSignal.timeout(20_000) });
    let seen = 0;
    for await (const chunk of opened.bytes) {
      if (seen % 4_194_304 === 0) stream.sample();
      seen += chunk.length;
    }
    await opened.close();
    expect(seen).toBe(48 * 1_048_576);
    expect(stream.peakMebibytes).toBeLessThan(16);
  });

  it('means an existing file in any allowed folder, a new one in the first', async () => {
    const [first, second] = [folder(), folder()];
    writeFileSync(join(second, 'old.txt'), 'old');
    const local = files({ writeBelow: [first, second] });
    await local.write({ path: 'old.txt' }, Buffer.from('replaced'));
    await local.write({ path: 'new.txt' }, Buffer.from('new'));
    expect([readdirSync(first), readdirSync(second)]).toEqual([['new.txt'], ['old.txt']]);
    expect(readFileSync(join(second, 'old.txt'), 'utf8')).toBe('replaced');
  });

  it('means an existing file from the working directory too', async () => {
    const near = folder(join(process.cwd(), '.cache'));
    writeFileSync(join(near, 'old.txt'), 'old');
    const local = files({ readBelow: [near], writeBelow: [folder(), near] });
    const path = relative(process.cwd(), join(near, 'old.txt'));
    await local.write({ path }, Buffer.from('replaced'));
    expect((await read(local, { path })).text).toBe('replaced');
    expect(readFileSync(join(near, 'old.txt'), 'utf8')).toBe('replaced');
  });

  it.each([
    ['lies elsewhere', () => '/etc/report.jsonl', /is not below a folder that the worker's file allows \(files\.writeBelow\)$/],
    ['is reached by ..', () => 'sub/../report.jsonl', /without "\.\."/],
    ['has no name', () => '', /without "\.\."/],
    ['lies behind a linked folder', () => 'linked-folder/report.jsonl', /files\.writeBelow/],
    ['lies deep behind a linked folder', () => 'linked-folder/a/b/report.jsonl', /files\.writeBelow/],
    ['lies behind a link that leads nowhere', () => 'dangling-folder/report.jsonl', /cannot be written \(ENOENT\)|files\.writeBelow/],
    ['is a link', () => 'link.txt', /is a link/],
    ['is a link that leads nowhere', () => 'dangling.txt', /is a link/],
    ['is a link that stays inside', () => 'inner-link.txt', /is a link/],
    ['is a folder', () => 'sub', /is not a file/],
    ['is named like a folder', () => 'reports/', /names a folder/],
    ['is the allowed folder', (inside: string) => inside, /files\.writeBelow/],
    ['lies below a file', () => 'letters.txt/report.jsonl', /cannot be written \((ENOTDIR|EEXIST)\)/],
    ['has too long a name', () => 'x'.repeat(300), /cannot be written \(ENAMETOOLONG\)/],
  ])('is refused when the file %s', async (_, pathIn, message) => {
    const { inside, outside, local } = place();
    const before = [readdirSync(inside), readdirSync(outside)];
    const path = pathIn(inside);
    expect(await errorOf(local.write({ path }, Buffer.from('x')))).toMatchObject(refused(message));
    if (message.source !== 'is not a file' && message.source !== 'is a link')
      expect(await errorOf(local.checkWritable({ path }))).toMatchObject(refused(message));
    expect([readdirSync(inside), readdirSync(outside)]).toEqual(before);
    expect(readFileSync(join(inside, 'letters.txt'), 'utf8')).toBe('abcdefghij');
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
  });

  it('is refused when no folder is allowed', async () => {
    const { inside } = place();
    const local = files({ readBelow: [inside] });
    expect(await errorOf(local.write({ path: 'x' }, Buffer.from('x')))).toMatchObject(refused(/files\.writeBelow/));
  });
});

describe('checking whether a file can be written', () => {
  it('makes its folder, and no file', async () => {
    const { inside, local } = place();
    await local.checkWritable({ path: 'reports/r.jsonl' });
    expect(readdirSync(join(inside, 'reports'))).toEqual([]);
  });

  it.each(['letters.txt', 'sub', 'dangling.txt'])('refuses what exists already: %s', async (path) => {
    const { local } = place();
    expect(await errorOf(local.checkWritable({ path }))).toMatchObject(refused(/exists already/));
  });
});

describe('looking and removing', () => {
  it('finds what may be read or written', async () => {
    const { inside, outside } = place();
    writeFileSync(join(inside, 'a.txt'), '');
    const local = files({ readBelow: [inside], writeBelow: [outside] });
    expect(await local.exists({ path: 'a.txt' })).toBe(true);
    expect(await local.exists({ path: 'secret.txt' })).toBe(true);
    expect(await local.exists({ path: 'nowhere.txt' })).toBe(false);
    expect(await local.exists({ path: join(inside, 'no/where.txt') })).toBe(false);
    expect(await errorOf(local.exists({ path: '/etc/passwd' }))).toMatchObject(refused(/files\.readBelow, files\.writeBelow/));
  });

  it('removes a file, or a link itself, or nothing', async () => {
    const { inside, outside, local } = place();
    await local.remove({ path: 'letters.txt' });
    await local.remove({ path: 'letters.txt' });
    await local.remove({ path: 'no/where.txt' });
    await local.remove({ path: 'link.txt' });
    expect(readdirSync(inside)).not.toEqual(expect.arrayContaining(['letters.txt']));
    expect(readdirSync(inside)).not.toEqual(expect.arrayContaining(['link.txt']));
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
  });

  it('removes nothing outside, and no folder', async () => {
    const { outside, local } = place();
    expect(await errorOf(local.remove({ path: 'linked-folder/secret.txt' }))).toMatchObject(refused(/files\.writeBelow/));
    expect(await errorOf(local.remove({ path: join(outside, 'secret.txt') }))).toMatchObject(refused(/files\.writeBelow/));
    expect(await errorOf(local.remove({ path: 'sub' }))).toMatchObject(refused(/cannot be removed/));
    expect(readdirSync(outside)).toEqual(['secret.txt']);
  });
});
