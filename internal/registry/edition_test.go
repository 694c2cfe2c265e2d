package registry

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What each edition has otherwise than kb143413, and who says so.
func TestEditionDifferences(t *testing.T) {
	base := editions[0]
	tests := map[string][]string{
		"kb143413": nil,
		"q163401-strict": {
			"NtrdrWriteBehindScope: all, here writeonly (KB Q163401)",
		},
		"nt351-as-shipped": {
			"NtrdrWriteBehindScope: all, here writeonly (KB Q163401)",
			"NtrdrQuirkSemaphore298: 0, here 1 (KB Q169742)",
			"NtrdrQuirkMappedStaleFid: 0, here 1 (KB Q184998, which says it of 4.0 before SP4; assumed to be older)",
			"NtrdrQuirkWriteThroughTailCached: 0, here 1 (KB Q153993)",
			"NtrdrQuirkRawOddSplit: 0, here 1 (KB Q152348)",
			"NtrdrQuirkIgnoreOplockBreak: 0, here 1 (KB Q163525)",
			"NtrdrQuirkSessionSetupOneSmb: 0, here 1 (KB Q161968)",
		},
		"nt351-hotfixed": {
			"NtrdrWriteBehindScope: all, here writeonly (KB Q163401)",
		},
		"nt35": {
			"NtrdrQuirkRawOddSplit: 0, here 1 (KB Q152348)",
			"NtrdrQuirkInt21LostWrite: 0, here 1 (KB Q111027)",
			"NtrdrQuirkInvalidTidLoop14Min: 0, here 1 (KB Q130003)",
			"NtrdrQuirkUnlockLost: 0, here 1 (KB Q123062)",
			"NtrdrQuirkReadsOfAPage: 0, here 1 (KB Q123976)",
			"AutoDisconnect: 15, here - (KB Q102469, Q102967)",
			"Disc: -, here 15 (KB Q102967, Q102469)",
			"SharingViolationRetries: 5, here - (KB Q150384)",
			"SharingViolationDelay: 200, here - (KB Q150384)",
			"Comment: -, here  (KB Q102967, Q102469)",
			"NullSessionPipes: , here - (KB Q102469)",
			"NullSessionShares: , here - (KB Q102469)",
		},
	}
	for _, e := range Editions() {
		t.Run(e.Name, func(t *testing.T) {
			var got []string
			for _, d := range e.Differences(base) {
				got = append(got, d.Param.Name+": "+d.From.String()+", here "+d.To.String()+" ("+d.Source+")")
				if !strings.HasPrefix(d.Source, "KB Q") {
					t.Errorf("%s: source %q", d.Param.Name, d.Source)
				}
			}
			want, ok := tests[e.Name]
			if diff := cmp.Diff(want, got); diff != "" || !ok {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestSettingsIgnoreWhatTheReleaseLacks(t *testing.T) {
	p, _, err := Load("a.reg", strings.NewReader(reg("["+srvKey+"]", `"Disc"=dword:3`, `"SharingViolationDelay"=dword:0`)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range Editions() {
		want := "Disc"
		if e.Release == "3.5" {
			want = "SharingViolationDelay"
		}
		var got []string
		for _, s := range p.On(e).Ignored() {
			got = append(got, s.Param.Name)
		}
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", e.Name, diff)
		}
	}
}
