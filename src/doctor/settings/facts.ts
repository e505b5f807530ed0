import type { Config } from '../../config/config.js';
import { type CheckedSettings, checkSettings } from '../../config/inspect.js';
import type { ConfigRequest } from '../../config/load.js';
import type { Gatherers } from '../facts.js';
import { NotLooked } from '../finding.js';

export interface SettingsFacts {
  settings: CheckedSettings;
  /** The settings as commands use them. */
  config: Config;
}

export function settingsGatherers(request: ConfigRequest): Gatherers<SettingsFacts> {
  return {
    settings: () => checkSettings(request),
    config: async (read) => {
      const { config } = await read('settings');
      if (config === undefined)
        throw new NotLooked('a setting is wrong: no command can run with it');
      return config;
    },
  };
}
