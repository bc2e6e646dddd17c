/** The long-running programs of each image. `docker run` without arguments starts the first. */
export const imagePrograms = {
  families: ['api', 'worker'],
  enrollment: ['api', 'worker'],
  notifications: ['api', 'worker'],
  sandbox: ['mail-catcher', 'payment-sandbox'],
} as const;

export type ImageName = keyof typeof imagePrograms;
export const imageNames = Object.keys(imagePrograms) as ImageName[];

/** @throws when there is no such image. */
export function imageName(text: string): ImageName {
  const name = imageNames.find((candidate) => candidate === text);
  if (name === undefined) throw new Error(`Unknown image "${text}". Use one of ${imageNames.join(', ')}.`);
  return name;
}
