import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {ignores: ['node_modules/', 'data/', 'db/migrations/', 'bench/results/']},
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
    rules: {
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true}],
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_'}],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true}],
      'no-restricted-properties': [
        'error',
        {object: 'process', property: 'env', message: 'Only server/config.ts reads the environment.'},
      ],
    },
  },
  {
    // A terminal is what these speak to.
    files: ['scripts/**', 'bench/**', '**/*-command.ts', 'server/main.ts', 'test/**'],
    rules: {'no-console': 'off'},
  },
  {
    files: ['server/config.ts', 'scripts/**', 'bench/**', 'test/**', '**/*.test.ts', '**/*-command.ts'],
    rules: {'no-restricted-properties': 'off'},
  },
  {
    files: ['**/*.test.ts', 'test/**'],
    rules: {'@typescript-eslint/no-non-null-assertion': 'off'},
  },
  {
    files: ['**/*.cjs', '**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {globals: {module: 'writable', process: 'readonly', console: 'readonly'}},
  },
);
