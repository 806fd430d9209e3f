/** Specifications that want to get out of the generated code, or to keep the command from ending. */
import ts from 'typescript';
import { parseDocument } from 'yaml';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config';
import { generateFrom, openApi, specificationFile } from './support';

/** Ends of comments, strings, lines, templates and YAML values, with code behind. */
const ESCAPES = [
  '*/ evil();/*',
  '"; evil(); "',
  "'; evil(); '",
  '`${evil()}`',
  '\nevil();//',
  '\u2028evil();//',
  '\r\nevil: 1\r\n# ',
  '\\',
  '\\"; evil();//',
];
const NAMES = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'prototype',
  'class',
  'delete',
  'await',
  'import',
  '',
  ' ',
  '1st',
  'ünï-cödé',
  '💥',
  ...ESCAPES,
];

/** The names of all that a file declares or calls outside of types. */
function namesIn(code: string): { declared: string[]; called: string[]; statements: number } {
  const file = ts.createSourceFile('operations.ts', code, ts.ScriptTarget.ES2022, true);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: { messageText: unknown }[] };
  expect(parseDiagnostics.map(({ messageText }) => messageText)).toEqual([]);
  const declared: string[] = [];
  const called: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) || ts.isTypeAliasDeclaration(node)) declared.push(node.name?.text ?? '');
    if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node)) called.push(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { declared, called, statements: file.statements.length };
}

test('nothing that a specification says becomes code', async () => {
  const properties = Object.fromEntries(
    [...NAMES, ...ESCAPES].map((name, at) => [name, { enum: ESCAPES, description: ESCAPES[at % ESCAPES.length] }]),
  );
  // JSON keeps `__proto__` as a key of its own.
  const schema = { type: 'object', required: NAMES, description: ESCAPES.join(' '), title: '*/', tsType: 'evil()', properties };
  const schemas = Object.fromEntries(NAMES.map((name) => [name, schema]));
  const references = NAMES.filter((name) => name !== '__proto__').map((name) => ({
    $ref: `#/components/schemas/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`,
  }));
  const paths = Object.fromEntries(
    NAMES.map((name, at) => [
      `/a/{${name}}/${name}`,
      {
        post: {
          operationId: name,
          summary: ESCAPES[at % ESCAPES.length],
          'x-ms-long-running-operation': true,
          'x-ms-long-running-operation-options': { 'final-state-via': name },
          parameters: NAMES.map((own) => ({ in: 'query', name: own, description: name, schema: { type: 'array', items: {} } })),
          requestBody: { content: { 'application/json': { schema: { oneOf: references } } } },
          responses: { 200: { content: { 'application/json': { schema: { properties: { status: { enum: ESCAPES } } } } } } },
        },
      },
    ]),
  );
  const securitySchemes = { evil: { type: 'apiKey', in: 'header', name: 'x-key\r\nevil: 1' }, worse: { type: 'http', scheme: ESCAPES[4] } };
  const servers = ESCAPES.map((value) => ({ url: 'https://{a}.example.com', variables: { a: { default: 'a', enum: ['a', value] } } }));
  const file = specificationFile(
    JSON.stringify(openApi({}, { servers, paths, components: { schemas, securitySchemes }, security: [{ evil: [] }, { worse: [] }] })),
    'a ` evil();\n.json',
  );
  const { code, yaml, folder } = await generateFrom(file);
  const { declared, called, statements } = namesIn(code);
  expect(new Set(called)).toEqual(new Set(['describedInput(description, parameters, settings)']));
  // An import, and for each operation two declarations; the others are types.
  expect(statements).toBe(1 + declared.length);
  expect(new Set(declared).size).toBe(declared.length);
  for (const name of declared) expect(name).toMatch(/^[A-Za-z]\w*$/);
  expect(declared.filter((name) => ['class', 'delete', 'await', 'import', 'describedInput', 'Record'].includes(name))).toEqual([]);
  expect(parseDocument(yaml).errors).toEqual([]);
  const config = loadConfig(join(folder, 'lro.config.yaml'));
  expect(Object.keys(config.connections)).toEqual(['maps']);
  expect(config.connections.maps).toMatchObject({ baseUrl: 'https://a.example.com', auth: { type: 'none' }, headers: {} });
});

test('schemas that are made of each other compile', async () => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const schemas = {
    Node: { type: 'object', properties: { children: { type: 'array', items: ref('Node') }, other: ref('Either') } },
    Either: { oneOf: [ref('Node'), ref('Self'), { type: 'string' }] },
    Self: { allOf: [ref('Self'), ref('Either')] },
    Alias: ref('Node'),
    Ring: { anyOf: [ref('Ring2')] },
    Ring2: { anyOf: [ref('Ring')] },
    Map: { type: 'object', additionalProperties: ref('Map') },
  };
  const all = { type: 'object', properties: Object.fromEntries(Object.keys(schemas).map((name) => [name, ref(name)])) };
  const requestBody = { content: { 'application/json': { schema: all } } };
  const { code } = await generateFrom(specificationFile(openApi({ requestBody }, { components: { schemas } })));
  const host = ts.createCompilerHost({});
  const getSourceFile = host.getSourceFile.bind(host);
  const files: Record<string, string> = { '/o.ts': code, '/durable-lro.d.ts': "declare module 'durable-lro'" };
  host.getSourceFile = (name, target) => (name in files ? ts.createSourceFile(name, files[name]!, target) : getSourceFile(name, target));
  const program = ts.createProgram(Object.keys(files), { strict: true, noEmit: true, noLib: true, types: [] }, host);
  const circles = program
    .getSemanticDiagnostics(program.getSourceFile('/o.ts'))
    .filter(({ code: number }) => number === 2456 || number === 2310);
  expect(circles.map(({ messageText }) => messageText)).toEqual([]);
  expect(code).toContain('children?: Node[];');
});

test('what multiplies or nests without end is refused, or written once', async () => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const levels = [...Array(60).keys()];
  const schemas = Object.fromEntries(
    levels.map((at) => [`L${at}`, { allOf: at === 59 ? [] : [ref(`L${at + 1}`), ref(`L${at + 1}`), ref(`L${at + 1}`)] }]),
  );
  const requestBody = { content: { 'application/json': { schema: ref('L0') } } };
  const { code } = await generateFrom(specificationFile(openApi({ requestBody }, { components: { schemas } })));
  expect(code.length).toBeLessThan(20_000);

  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  await expect(generateFrom(specificationFile(deep))).rejects.toThrow(/nests deeper than 200/);
  const bomb = [
    'a0: &a0 [x, x, x, x, x, x, x, x, x]',
    ...levels.slice(1, 12).map(
      (at) =>
        `a${at}: &a${at} [${Array(9)
          .fill(`*a${at - 1}`)
          .join(', ')}]`,
    ),
  ];
  await expect(generateFrom(specificationFile(bomb.join('\n'), 'bomb.yaml'))).rejects.toThrow(/neither JSON nor YAML: .*alias/i);
  const itself = specificationFile('openapi: 3.0.0\ninfo: {title: t, version: v}\npaths: &p { /a: { post: *p } }', 'itself.yaml');
  await expect(generateFrom(itself)).rejects.toThrow(/bomb|itself|no operation/);
  const chain = Object.fromEntries([...Array(5000).keys()].map((at) => [`C${at}`, { oneOf: [ref(`C${at + 1}`), { type: 'null' }] }]));
  const chained = openApi(
    { requestBody: { content: { 'application/json': { schema: ref('C0') } } } },
    { components: { schemas: { ...chain, C5000: {} } } },
  );
  await expect(generateFrom(specificationFile(chained))).rejects.toThrow(/schemas refer to each other|nests too deep/);
});

test('a reference is followed only to files below the folder, and none is fetched', async () => {
  const body = ($ref: string) => openApi({ requestBody: { content: { 'application/json': { schema: { $ref } } } } });
  for (const [$ref, message] of [
    ['https://example.com/schemas.json#/A', /nothing is fetched; save that file/],
    ['http://169.254.169.254/latest/meta-data', /nothing is fetched/],
    ['//example.com/a.json', /nothing is fetched|not there|outside/],
    ['file:///etc/hostname', /outside of|nothing is fetched|not there/],
    ['../../../../../../../../etc/passwd', /outside of .*--refs-below/],
    ['./missing.json#/A', /refers to .*missing\.json, which is not there/],
    ['#/components/schemas/Missing', /leads nowhere/],
    ['#/info/title', /leads to what is no schema/],
  ] as const) {
    await expect(generateFrom(specificationFile(body($ref)))).rejects.toThrow(message);
  }
  const circle = openApi(
    { requestBody: { $ref: '#/components/requestBodies/a' } },
    { components: { requestBodies: { a: { $ref: '#/components/requestBodies/b' }, b: { $ref: '#/components/requestBodies/a' } } } },
  );
  await expect(generateFrom(specificationFile(circle))).rejects.toThrow(/in a circle|leads nowhere/);
});

test('a folder above may be named for references', async () => {
  const file = specificationFile(
    openApi({ requestBody: { content: { 'application/json': { schema: { $ref: '../types.json#/Floor' } } } } }),
  );
  writeFileSync(join(file, '../../types.json'), JSON.stringify({ Floor: { type: 'object', properties: { level: { type: 'integer' } } } }));
  await expect(generateFrom(file)).rejects.toThrow(/--refs-below/);
  const { code } = await generateFrom(file, { refsBelow: join(file, '../..') });
  expect(code).toContain('export type Floor = {\n  level?: number;\n};');
});
