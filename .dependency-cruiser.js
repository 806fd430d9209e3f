/**
 * Which file may import which: rules for dependency-cruiser, made from the table in `scripts/rooms.js`.
 * `npx depcruise src` checks them, and so does test/architecture.
 */
const ROOMS = require('./scripts/rooms.js');

/** Two files of the emulator that know each other's types: the one circle that is left. */
const KNOWN_CIRCLE = '^src/emulator/(request-log|store)[.]ts$';

/** Imports nothing itself, so that nothing comes along with it. */
const LEAF = '^src/lro/text[.]ts$';

/** Files of rooms: `src/lro/…`, or `src/contract.ts`. */
const inside = (names) => `^src/(${names.join('|')})(/|[.]ts$)`;

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const roomRules = ROOMS.flatMap(({ name, imports, typesOf = [], packages }) => {
  const own = { path: inside([name]) };
  const rules = [
    forbid(`${name}-imports-rooms`, `${name} imports lower rooms only, those of scripts/rooms.js`, own, {
      path: '^src/',
      pathNot: inside([name, ...imports, ...typesOf]),
    }),
  ];
  if (typesOf.length > 0)
    rules.push(
      forbid(`${name}-imports-types`, `of ${typesOf.join(' and ')}, ${name} imports types only`, own, {
        path: inside(typesOf),
        pathNot: LEAF,
        dependencyTypesNot: ['type-only'],
      }),
    );
  if (packages !== undefined)
    rules.push(
      forbid(`${name}-imports-packages`, `${name} does no I/O: it imports ${packages.join(', ') || 'nothing'} from elsewhere`, own, {
        pathNot: ['^src/', ...packages.map((found) => `^node_modules/${found}/`)],
      }),
    );
  return rules;
});

module.exports = {
  forbidden: [
    forbid(
      'no-circles',
      'files that import each other can only be read together',
      { path: '^src/', pathNot: KNOWN_CIRCLE },
      { circular: true },
    ),
    forbid(
      'only-known-rooms',
      'a new room gets its row in scripts/rooms.js',
      { path: '^src/', pathNot: inside(ROOMS.map(({ name }) => name)) },
      {},
    ),
    forbid(
      'workflows-import-messages',
      'workflow code gets the types of activities from their messages, which import no code',
      { path: inside(['workflows']) },
      { path: inside(['activities']), pathNot: '^src/activities/((batch|tracker)/)?messages[.]ts$' },
    ),
    ...roomRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Also what the compiler drops: an import of a type is a dependency of those who read.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
