/** What an image is made from. */
export interface ImagePlan {
  /** The package whose programs it runs. */
  workspace: string;
  /** What is compiled, when it is less than the whole package. */
  tsconfig?: string;
  /** The folders of its sources that it is made from, when they are not all. */
  folders?: readonly string[];
  /** What `docker run` starts without arguments. */
  main: string;
}

export const imageNames = ['families', 'enrollment', 'notifications', 'sandbox'] as const;
export type ImageName = (typeof imageNames)[number];

export const imagePlans: Readonly<Record<ImageName, ImagePlan>> = {
  families: { workspace: '@homeroom/families', main: 'services/families/dist/api.js' },
  enrollment: { workspace: '@homeroom/enrollment', main: 'services/enrollment/dist/api.js' },
  notifications: { workspace: '@homeroom/notifications', main: 'services/notifications/dist/api.js' },
  sandbox: {
    workspace: '@homeroom/stack',
    tsconfig: 'tools/images/tsconfig.sandbox.json',
    folders: ['mail-catcher', 'payment-sandbox', 'programs', 'sandbox-http'],
    main: 'tools/stack/dist/programs/mail-catcher.js',
  },
};

/** @throws when there is no such image. */
export function imageName(text: string): ImageName {
  const name = imageNames.find((candidate) => candidate === text);
  if (name === undefined) throw new Error(`There is no image “${text}”: choose one of ${imageNames.join(', ')}`);
  return name;
}
