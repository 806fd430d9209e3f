/** Finding the URL to poll, and the URL of what was made [protocol.md sections 1 and 2]. */
import { absoluteUrl, apiVersionOf, findStatusUrl, headerUrl, lastSegment, withApiVersion } from '../../src/lro/status-url';
import { answer, HOST, settings } from './given';

const operations = `${HOST}/tilesets/operations`;

describe('which header names the status URL', () => {
  test.each([
    ['Operation-Location', 'monitor'],
    ['Azure-AsyncOperation', 'monitor'],
    ['Location', 'location'],
  ])('%s does, and is read as a %s', (header, style) => {
    expect(findStatusUrl(answer(202, { [header]: `${operations}/1` }), settings())).toEqual({ url: `${operations}/1`, style, header });
  });

  test('the order is Operation-Location, Azure-AsyncOperation, Location', () => {
    const all = { Location: `${operations}/3`, 'Azure-AsyncOperation': `${operations}/2`, 'Operation-Location': `${operations}/1` };
    expect(findStatusUrl(answer(202, all), settings())?.header).toBe('Operation-Location');
    const { 'Azure-AsyncOperation': second, Location: third } = all;
    expect(findStatusUrl(answer(202, { Location: third, 'Azure-AsyncOperation': second }), settings())?.header).toBe(
      'Azure-AsyncOperation',
    );
  });

  test('a connection can set the list', () => {
    const headers = { Location: `${operations}/3`, 'Operation-Location': `${operations}/1`, 'x-status': `${operations}/4` };
    expect(findStatusUrl(answer(202, headers), settings({ statusHeaders: ['X-Status', 'Location'] }))?.url).toBe(`${operations}/4`);
    expect(findStatusUrl(answer(202, headers), settings({ statusHeaders: ['Azure-AsyncOperation'] }))).toBeUndefined();
  });

  test('a header that holds no URL is passed over', () => {
    const headers = { 'Operation-Location': 'http://', 'Azure-AsyncOperation': '  ""  ', Location: `${operations}/3` };
    expect(findStatusUrl(answer(202, headers), settings())?.header).toBe('Location');
  });
});

describe('a URL as it is written', () => {
  const at = `${HOST}/a/b?x=1`;
  test.each([
    ['padded with blanks', `  ${operations}/1   `, `${operations}/1`],
    ['quoted', `"${operations}/1"`, `${operations}/1`],
    ['quoted and padded inside and outside', ` " ${operations}/1 " `, `${operations}/1`],
    ['in single quotes', `'${operations}/1'`, `${operations}/1`],
    ['relative to the host', '/tilesets/operations/1', `${operations}/1`],
    ['relative to the path', 'c/1', `${HOST}/a/c/1`],
    ['without a scheme', '//eu.atlas.microsoft.com/x', 'https://eu.atlas.microsoft.com/x'],
    ['a query alone', '?y=2', `${HOST}/a/b?y=2`],
    ['with a fragment, which is cut', `${operations}/1#top`, `${operations}/1`],
    ['with a key of the connection, which is cut', `${operations}/1?Subscription-Key=s3cret&y=2`, `${operations}/1?y=2`],
    ['with an escaped key of the connection, which is cut', `${operations}/1?subscription%2Dkey=s3cret`, `${operations}/1`],
  ])('%s', (_how, text, url) => {
    expect(absoluteUrl(text, at, settings())).toBe(url);
  });

  test.each([undefined, '', '   ', '""', 'http://', 'https://[', '"'.repeat(1), `https://host/${'x'.repeat(20_000)}`])(
    '%j is none',
    (text) => {
      const url = absoluteUrl(text?.slice(0, 20_000), at, settings());
      expect(url === undefined || text === '"').toBe(true);
    },
  );

  test('a signature stays letter by letter when something else is cut or added', () => {
    const signed = `${operations}/1?sv=2020&sig=a%2fb~c%20d+e%3D`;
    expect(absoluteUrl(`${signed}&subscription-key=k`, at, settings())).toBe(signed);
    expect(withApiVersion(signed, '2.0')).toBe(`${signed}&api-version=2.0`);
  });

  test('Resource-Location is read inside its quotes', () => {
    const quoted = answer(200, { 'Resource-Location': `"${HOST}/tileset/t-1"` });
    expect(headerUrl(quoted, 'Resource-Location', settings())).toBe(`${HOST}/tileset/t-1`);
  });
});

describe('api-version', () => {
  test('is found whatever the case of its name', () => {
    expect(apiVersionOf(`${HOST}/x?API-Version=2.0`)).toBe('2.0');
    expect(apiVersionOf(`${HOST}/x?y=1`)).toBeUndefined();
    expect(apiVersionOf('no url')).toBeUndefined();
  });

  test('is added where the status URL lacks it', () => {
    expect(withApiVersion(`${operations}/1`, '2.0')).toBe(`${operations}/1?api-version=2.0`);
    expect(withApiVersion(`${operations}/1?x=1`, '2023-07-01')).toBe(`${operations}/1?x=1&api-version=2023-07-01`);
  });

  test('is kept where the status URL has one', () => {
    expect(withApiVersion(`${operations}/1?Api-Version=1.0`, '2.0')).toBe(`${operations}/1?Api-Version=1.0`);
  });

  test('is not made up where the submit had none', () => {
    expect(withApiVersion(`${operations}/1`, undefined)).toBe(`${operations}/1`);
  });
});

describe('the id of what a URL names', () => {
  test.each([
    [`${HOST}/tilesets/t-1`, 't-1'],
    [`${HOST}/tilesets/t-1/?x=1`, 't-1'],
    [`${HOST}/mapData/metadata/a%20b`, 'a b'],
    [`${HOST}/x/%zz`, '%zz'],
    [`${HOST}/x/a%0ab`, 'a%0ab'],
    [`${HOST}/`, undefined],
    [`${HOST}/${'x'.repeat(600)}`, undefined],
    ['no url', undefined],
  ])('of %s is %s', (url, id) => {
    expect(lastSegment(url)).toBe(id);
  });
});
