/**
 * `npm run api`: writes etc/*.api.md, what each entry of the packages exports, from the compiled declarations (`npm run build` first). With
 * `--check` nothing is written, and the exit code is 1 where a report is not what the entry exports.
 */
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { CompilerState, Extractor, ExtractorConfig } = require('@microsoft/api-extractor');
const { DIST, ROOT } = require('./modules');

const ENTRIES = {
  'durable-lro-client': 'client/index',
  'durable-lro-worker': 'hosting/index',
  'durable-lro-plugin': 'plugin/index',
  'durable-lro-nexus': 'nexus/index',
  'durable-lro-workflows': 'workflows/index',
  'durable-lro-dev-emulator': 'emulator/index',
  'durable-lro-dev-devserver': 'devserver/public',
};
const FILES = Object.values(ENTRIES).map((entry) => join(DIST, `${entry}.d.ts`));

const SILENT = { default: { logLevel: 'none' } };

function configOf(name, entry, temporary) {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023'],
    module: 'node16',
    moduleResolution: 'node16',
    strict: true,
    types: ['node'],
  };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: join(DIST, `${entry}.d.ts`),
      compiler: { overrideTsconfig: { compilerOptions: { ...compilerOptions, skipLibCheck: true }, files: FILES } },
      apiReport: { enabled: true, reportFolder: join(ROOT, 'etc'), reportTempFolder: temporary, reportFileName: name },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      // Not its own rules for comments: whether the report is the one that is checked in.
      messages: {
        extractorMessageReporting: SILENT,
        tsdocMessageReporting: SILENT,
        compilerMessageReporting: { default: { logLevel: 'error' } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(ROOT, 'package.json'),
  });
}

function main(isCheck) {
  const temporary = mkdtempSync(join(tmpdir(), 'api-'));
  const changed = [];
  try {
    const configs = Object.entries(ENTRIES).map(([name, entry]) => configOf(name, entry, temporary));
    const compilerState = CompilerState.create(configs[0], { additionalEntryPoints: FILES });
    for (const config of configs) {
      const { apiReportChanged, errorCount } = Extractor.invoke(config, {
        compilerState,
        localBuild: !isCheck,
        messageCallback: (message) => {
          if (message.category === 'console') message.logLevel = 'none';
        },
      });
      if (errorCount > 0) process.exitCode = 1;
      if (apiReportChanged) changed.push(config.reportFilePath.slice(ROOT.length + 1));
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  if (changed.length === 0) return;
  if (!isCheck) return console.log(`written: ${changed.join(', ')}`);
  console.error(`what is exported is not what ${changed.join(', ')} says: "npm run api" writes it anew`);
  process.exitCode = 1;
}

main(process.argv.includes('--check'));
