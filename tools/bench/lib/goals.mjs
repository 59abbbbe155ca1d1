/**
 * What to reach: wall seconds (or processor seconds) of syncline divided by those of a peer, as the median of the rounds.
 *
 * @typedef {object} Goal
 * @property {string} workload
 * @property {string} scenario
 * @property {string} peer
 * @property {number} wall
 * @property {number} [cpu]
 */

/** @type {readonly Goal[]} */
export const goals = [
  { workload: 'a', scenario: 'first', peer: 'rsync', wall: 0.8 },
  { workload: 'a', scenario: 'first', peer: 'rclone', wall: 0.7, cpu: 0.65 },
  { workload: 'a', scenario: 'first', peer: 'unison', wall: 0.25 },
  { workload: 'a', scenario: 'no-op', peer: 'rsync', wall: 1.4 },
  { workload: 'a', scenario: 'no-op', peer: 'rclone', wall: 1, cpu: 0.85 },
  { workload: 'a', scenario: 'changed', peer: 'rclone', wall: 1 },
  { workload: 'b', scenario: 'first', peer: 'rsync', wall: 0.6 },
  { workload: 'b', scenario: 'first', peer: 'rclone', wall: 0.6, cpu: 0.6 },
  { workload: 'b', scenario: 'first', peer: 'unison', wall: 0.15 },
  { workload: 'b', scenario: 'no-op', peer: 'rsync', wall: 0.85 },
  { workload: 'b', scenario: 'no-op', peer: 'rclone', wall: 0.7, cpu: 0.7 },
  { workload: 'b', scenario: 'no-op', peer: 'unison', wall: 0.7 },
  { workload: 'b', scenario: 'changed', peer: 'rclone', wall: 0.8 },
  { workload: 'b', scenario: 'changed', peer: 'unison', wall: 0.65 },
  { workload: 'c', scenario: 'first', peer: 'rsync', wall: 0.65 },
  { workload: 'c', scenario: 'first', peer: 'rclone', wall: 0.45 },
  { workload: 'd', scenario: 'first', peer: 'rsync', wall: 0.65 },
  { workload: 'd', scenario: 'first', peer: 'rclone', wall: 0.7, cpu: 0.6 },
  { workload: 'd', scenario: 'no-op', peer: 'rsync', wall: 1.6 },
  { workload: 'd', scenario: 'no-op', peer: 'rclone', wall: 0.75 },
  { workload: 'd', scenario: 'changed', peer: 'rclone', wall: 0.9 },
  { workload: 'e', scenario: 'no-op', peer: 'rsync', wall: 0.75 },
  { workload: 'e', scenario: 'no-op', peer: 'rclone', wall: 0.55, cpu: 0.6 },
  { workload: 'e', scenario: 'no-op', peer: 'unison', wall: 0.55 },
  { workload: 'two-way', scenario: 'no-op', peer: 'rclone bisync', wall: 0.15 },
  { workload: 'two-way', scenario: 'no-op', peer: 'unison', wall: 2 },
  { workload: 'two-way', scenario: 'changed', peer: 'rclone bisync', wall: 0.15 },
  { workload: 'two-way', scenario: 'changed', peer: 'unison', wall: 2 },
]

/** Peak MiB of the whole process. @type {Readonly<Record<string, number>>} */
export const memoryGoals = { 'b first': 130, 'c first': 120, 'e no-op': 170 }
