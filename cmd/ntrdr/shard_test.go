package main

import (
	"strings"
	"testing"
)

// The part of a sweep that a batch system's task plays. What Slurm sets was seen with
// Slurm 22.05; a list of tasks, whose places cannot be known, is refused.
func TestShardOfABatchSystemsTask(t *testing.T) {
	slurm := func(id, first, last, count, step string) map[string]string {
		return map[string]string{
			"SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_MIN": first, "SLURM_ARRAY_TASK_MAX": last,
			"SLURM_ARRAY_TASK_COUNT": count, "SLURM_ARRAY_TASK_STEP": step,
		}
	}
	with := func(env map[string]string, name, value string) map[string]string {
		env[name] = value
		return env
	}
	const list, one = "are a list", "is the only one"
	tests := map[string]struct {
		env  map[string]string
		want string // or a part of the error
	}{
		"none":                           {nil, ""},
		"--array=0-7":                    {slurm("7", "0", "7", "8", "1"), "7/8"},
		"--array=1-8":                    {slurm("8", "1", "8", "8", "1"), "7/8"},
		"--array=0-14:2":                 {slurm("6", "0", "14", "8", "2"), "3/8"},
		"--array=0-15:2":                 {slurm("14", "0", "14", "8", "2"), "7/8"},
		"no step in the environment":     {slurm("2", "0", "7", "8", ""), "2/8"},
		"--array=1,3,7":                  {slurm("3", "1", "7", "3", "1"), list},
		"--array=0,2,4,6":                {slurm("2", "0", "6", "4", "1"), list},
		"--array=0,1,4":                  {slurm("1", "0", "4", "3", "1"), list},
		"--array=3-9:3,20":               {slurm("6", "3", "20", "4", "3"), list},
		"--array=0-4:4,2":                {slurm("2", "0", "8", "3", "4"), list},
		"--array=0":                      {slurm("0", "0", "0", "1", "1"), "0/1"},
		"--array=1":                      {slurm("1", "1", "1", "1", "1"), "0/1"},
		"--array=5":                      {slurm("5", "5", "5", "1", "1"), one},
		"--array=5 again":                {with(slurm("5", "5", "5", "1", "1"), "NTRDR_SHARDS", "8"), "5/8"},
		"--array=1,3,7 again":            {with(slurm("3", "1", "7", "3", "1"), "NTRDR_SHARDS", "8"), "3/8"},
		"a task without a number":        {slurm("x", "0", "7", "8", "1"), "SLURM_ARRAY_TASK_ID"},
		"no end of the range":            {slurm("1", "0", "", "8", "1"), "SLURM_ARRAY_TASK_MAX"},
		"no tasks":                       {slurm("0", "0", "0", "0", "1"), list},
		"Kubernetes":                     {map[string]string{"JOB_COMPLETION_INDEX": "3", "NTRDR_SHARDS": "8"}, "3/8"},
		"Kubernetes without a number":    {map[string]string{"JOB_COMPLETION_INDEX": "3"}, "NTRDR_SHARDS"},
		"a number of shards and no task": {map[string]string{"NTRDR_SHARDS": "8"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := shardOf(func(name string) string { return tt.env[name] })
			if err != nil {
				got = err.Error()
			}
			if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
