import type { Raw } from "@/lib/search";
import { flag } from "@/lib/search";

export type SettingsSearch = { password?: true | undefined };
export const settingsSearch = (raw: Raw): SettingsSearch => ({ password: flag(raw.password) });
