package conformance

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// required are the articles that describe a failure of the redirector, its Cache
// Manager, its server, or of MS Mail on them, in NT 3.5x or in a release that shares
// what failed. Each is told by a case or stands in outofscope.txt.
var required = strings.Fields(`
	Q143413
	Q163401 Q148811 Q134228 Q148364 Q169742 Q216795 Q124916 Q126026 Q290861 Q168460 Q145952 Q111027 Q163525 Q233082
	Q268817 Q191370 Q259928 Q119870 Q123819 Q152081 Q223140 Q151996 Q152348 Q127023 Q184998 Q224992 Q123029 Q111374
	Q153993 Q169608 Q161968 Q150384 Q148950 Q164139 Q148426 Q118675 Q162404 Q228538 Q190812
	Q101139 Q107756 Q122385 Q110932 Q103960 Q136379 Q136004 Q99204 Q126750 Q170374 Q120220 Q119022 Q170574 Q163020
	Q138054 Q92439 Q212756 Q168857 Q135902 Q264331 Q148707 Q221963 Q104277 Q113165 Q117646 Q101749 Q130750 Q194549
	Q142023 Q131914 Q123062 Q130003`)

var article = regexp.MustCompile(`\bQ\d{5,6}\b`)

func TestEveryPublishedFailureIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at the whole list: run it without -short")
	}
	cases, err := All()
	if err != nil {
		t.Fatal(err)
	}
	out, err := OutOfScopes()
	if err != nil {
		t.Fatal(err)
	}
	var told, left []string
	for _, c := range cases {
		told = append(told, article.FindAllString(c.Source, -1)...)
	}
	for _, o := range out {
		left = append(left, article.FindAllString(o.Source, -1)...)
	}
	for _, q := range required {
		switch isTold, isLeft := slices.Contains(told, q), slices.Contains(left, q); {
		case !isTold && !isLeft:
			t.Errorf("no case has the source KB %s, and it is not in outofscope.txt", q)
		case isTold && isLeft:
			t.Errorf("KB %s is told by a case and is in outofscope.txt", q)
		}
	}
}

// TestEveryArticleIsPlaced looks for each article in the sources of the code, the cases and
// the tables of what is left out.
func TestEveryArticleIsPlaced(t *testing.T) {
	list, err := os.ReadFile("testdata/articles.txt")
	if err != nil {
		t.Fatal(err)
	}
	cited := map[string]bool{}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		kept := strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".txt")
		switch {
		case err != nil || d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".."):
			return cmp.Or(err, fs.SkipDir)
		case d.IsDir() || !kept:
			return nil
		}
		text, err := os.ReadFile(path)
		for _, q := range article.FindAllString(string(text), -1) {
			cited[q] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	articles := article.FindAllString(string(list), -1)
	if len(articles) == 0 {
		t.Fatal("no articles")
	}
	for _, q := range articles {
		if !cited[q] {
			t.Errorf("KB %s is cited nowhere: model it, or say in leftout.txt why not", q)
		}
	}
}
