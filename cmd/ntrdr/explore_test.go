package main

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pasted takes a command line apart as a shell does: words, and single quotes.
func pasted(t *testing.T, line string) (words []string) {
	t.Helper()
	for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimLeft(rest, " ") {
		var word strings.Builder
		for rest != "" && rest[0] != ' ' {
			switch rest[0] {
			case '\'':
				text, after, closed := strings.Cut(rest[1:], "'")
				if !closed {
					t.Fatalf("%s: a quote is open", line)
				}
				word.WriteString(text)
				rest = after
			case '\\':
				word.WriteByte(rest[1])
				rest = rest[2:]
			default:
				word.WriteByte(rest[0])
				rest = rest[1:]
			}
		}
		words = append(words, word.String())
	}
	if len(words) < 2 || words[0] != "ntrdr" {
		t.Fatalf("%q is no command line of ntrdr", line)
	}
	return words[1:]
}

// ownFiles are a link, a policy and a workload of somebody's own, in a directory whose
// name a shell takes apart.
func ownFiles(t *testing.T) (link, policy, workload string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "it's mine")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link = write("my.link", "rate = 300 kbit/s\nrtt = 60ms\nqueue = 500ms\n")
	policy = write("mine.reg", "REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Rdr\\Parameters]\n\"UseAsyncWriteBehind\"=dword:00000000\n")
	workload = write("copy", "application\n  open f A.DAT create deny-write\n  repeat 4\n    write f next 4k\n    think 100ms\n  end\n  close f\n"+
		"  open g B.DAT create deny-write\n  write g 0 1k\n  close g\nreader\n  look B.DAT\n  look A.DAT\n  never B.DAT ahead of A.DAT\n  expect A.DAT whole\n  expect B.DAT whole\n")
	return link, policy, workload
}

// The replay command of the smallest failing cut plays exactly that trial, whatever the
// flags that it comes from.
func TestTheReplayOfExploreCanBePasted(t *testing.T) {
	link, policy, workload := ownFiles(t)
	rows := map[string][]string{
		"mail, loss and another TCP":              {"--links", "t1", "--message-size", "4KB", "--policies", "nt351", "--seed", "3", "--loss", "7%", "--flavour", "tcp-reno", "--min-rto", "400ms"},
		"mail of a size, and a changed value":     {"--links", "t1", "--workloads", "mail-4k", "--policies", "nt351", "--set", "UseOpportunisticLocking=0"},
		"mail that the flags of the story change": {"--links", "t1", "--message-size", "4KB", "--policies", "nt351", "--poll", "7s", "--path", "P2", "--close-after-key"},
		"another edition":                         {"--links", "t1", "--message-size", "4KB", "--policies", "nt351", "--edition", "nt351-as-shipped"},
		"a built-in workload":                     {"--links", "t1", "--workloads", "log-5", "--policies", "nt351"},
		"a workload of one's own":                 {"--links", "t1", "--workload", workload, "--policies", "nt351"},
		"a link of one's own":                     {"--link", link, "--workloads", "log-3", "--policies", "nt351", "--loss", "0.3"},
		"a link file that --links names":          {"--links", strings.ReplaceAll(link, ",", ""), "--message-size", "4KB", "--policies", "nt351"},
		"a policy of one's own":                   {"--links", "t1", "--message-size", "4KB", "--policy", policy},
		"everything of one's own":                 {"--link", link, "--workload", workload, "--policy", policy, "--flavour", "tcp-newreno", "--set", "UseOpportunisticLocking=0"},
	}
	for name, flags := range rows {
		t.Run(name, func(t *testing.T) {
			found := here(t.Context(), append([]string{"explore", "--every", "5", "--json"}, flags...)...)
			var e exploredJSON
			if err := json.Unmarshal([]byte(found.Stdout), &e); err != nil || found.Code != exitOK || e.Smallest == nil {
				t.Fatalf("%+v: %v", found, err)
			}
			s := e.Smallest
			again := here(t.Context(), pasted(t, s.Replay)...)
			want := fmt.Sprintf("%s, %s on %s, %s after segment %d: %s", e.Policy, e.Workload, e.Link, s.Kind, s.Segment, s.Outcome)
			if again.Code != exitOK || !strings.HasPrefix(again.Stdout, want) || !strings.HasSuffix(again.Stdout, "trace checksum "+s.Checksum+"\n") {
				t.Errorf("%s\n%+v\nwant %q ... %s", s.Replay, again, want, s.Checksum)
			}
		})
	}
}

// The page of a bench tells one silent failure of any workload, and its command plays
// that trial again in repro.
func TestTheReplayOfBenchCanBePasted(t *testing.T) {
	link, policy, workload := ownFiles(t)
	rows := map[string][]string{
		"mail":                    {"--links", "ras-28.8", "--loss", "5%", "--message-size", "16KB", "--policies", "nt351"},
		"mail of a size":          {"--links", "ras-28.8", "--loss", "5%", "--workloads", "mail-24k", "--policies", "nt351"},
		"a built-in workload":     {"--links", "ras-28.8", "--loss", "20%", "--workloads", "log-20", "--policies", "nt351", "--flavour", "tcp-reno"},
		"everything of one's own": {"--link", link, "--loss", "35%", "--workload", workload, "--policy", policy, "--min-rto", "300ms"},
	}
	for name, flags := range rows {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			if o := here(t.Context(), append([]string{"bench", "--trials", "20", "--out", out}, flags...)...); o.Code != exitOK {
				t.Fatalf("%+v", o)
			}
			page, err := os.ReadFile(filepath.Join(out, "index.html"))
			if err != nil {
				t.Fatal(err)
			}
			line := regexp.MustCompile(`Play it again: <code>(ntrdr repro .*)</code>`).FindStringSubmatch(string(page))
			if line == nil {
				t.Fatal("the page tells of no failure")
			}
			var again reproJSON
			o := here(t.Context(), append(pasted(t, html.UnescapeString(line[1])), "--json")...)
			if err := json.Unmarshal([]byte(o.Stdout), &again); err != nil || len(again.Runs) != 1 || !again.Runs[0].Silent {
				t.Fatalf("%s\n%+v: %v", line[1], o, err)
			}
			results, err := os.ReadFile(filepath.Join(out, "results.jsonl"))
			trial := fmt.Sprintf(`"seed":%d,.*"trace_checksum":"%s"`, again.Seed, again.Runs[0].Checksum)
			if err != nil || !regexp.MustCompile(trial).Match(results) {
				t.Errorf("%s\nno trial of the bench has %s (%v)", line[1], trial, err)
			}
		})
	}
}
