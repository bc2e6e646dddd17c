import type { EventData, EventType, NewEvent } from '@homeroom/contracts';
import { v7 as uuidv7 } from 'uuid';

/** An event of this service about the class or enrollment `subject`. */
export const newEvent = <Type extends EventType>(
  type: Type,
  { subject, data, time = new Date() }: { subject: string; data: EventData<Type>; time?: Date },
): NewEvent =>
  // TypeScript does not follow that the data is that of this very type
  ({ id: uuidv7(), type, source: '/enrollment', subject, time, data }) as NewEvent;
