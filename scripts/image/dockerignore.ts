// Which files of the project reach the build, by the rules of a .dockerignore: the last pattern that matches a path or
// a folder above it decides.

/** Whether a path, relative to the project and with slashes, is part of the build context. */
export function readDockerignore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({isKept: line.startsWith('!'), pattern: patternOf(line.replace(/^!/, ''))}));
  return (path) => {
    const parts = path.split('/');
    const selfAndAbove = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    let isIncluded = true;
    for (const {isKept, pattern} of rules)
      if (selfAndAbove.some((name) => pattern.test(name))) isIncluded = isKept;
    return isIncluded;
  };
}

/** `*` stands for any name, `**` for any number of folders. */
function patternOf(glob: string): RegExp {
  const source = glob
    .replace(/^\/|\/$/g, '')
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return part === '?' ? '[^/]' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}
