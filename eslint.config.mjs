import { existsSync } from 'node:fs';
import tseslint from 'typescript-eslint';

// What these import is installed by `npm run bench` only, not by the root's `npm ci`.
const withoutTypes = existsSync(new URL('bench/node_modules', import.meta.url)) ? [] : ['bench/restate', 'bench/dbos'];

export default tseslint.config(
  { ignores: ['node_modules', '**/dist', '.packing', '.packing-new', '.cache', 'coverage', '**/*.mjs', '**/*.js', ...withoutTypes] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.property.name=/^replace(All)?$/][arguments.length=2]:not([arguments.1.type=/^(Literal|ArrowFunctionExpression)$/])',
          message: "Replace by a function, () => value: in a string, $& and $' are patterns.",
        },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
