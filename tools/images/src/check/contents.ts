const forbidden: { what: string; found: RegExp }[] = [
  { what: 'npm', found: /(^|\/)(npm|npx|corepack|yarn)$|(^|\/)node_modules\/npm\// },
  { what: 'a shell', found: /^(usr\/)?s?bin\/(ba|da|a)?sh$/ },
  { what: 'a source', found: /^app\/.*\.[cm]?ts$|^app\/(apps|libs|services|tools)\/[^/]+\/src\// },
  { what: 'a test', found: /^app\/(apps|libs|services|tools)\/.*(\/test\/|\.test\.)/ },
  { what: 'a source map', found: /^app\/.*\.map$/ },
  { what: 'a certificate of the build', found: /^(app|certificates)\/.*\.(pem|crt|key)$/ },
];

/**
 * What an image must not hold, one sentence each.
 * @param files every path of the image, without the leading slash.
 * @param packages those of the lock that it needs in production, such as `node_modules/pg`.
 */
export function mistakesIn(files: readonly string[], packages: ReadonlySet<string>): string[] {
  const mistakes = forbidden.flatMap(({ what, found }) => {
    const file = files.find((each) => found.test(each));
    return file === undefined ? [] : [`it holds ${what}: /${file}`];
  });
  const strangers = installedPackages(files).filter((path) => !packages.has(path));
  return [...mistakes, ...strangers.map((path) => `it holds ${path}, which production does not need`)];
}

const ofOthers = /^app\/((?:.*\/)?node_modules\/(?!@homeroom\/)(?:@[^/]+\/)?[^/@][^/]*)\/package\.json$/;

function installedPackages(files: readonly string[]): string[] {
  return files.flatMap((file) => ofOthers.exec(file)?.[1] ?? []);
}
