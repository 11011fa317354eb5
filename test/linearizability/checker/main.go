// Checks with Porcupine that a history of concurrent operations on a store is linearizable: that there is one order of
// them, which agrees with real time, in which each gives the answer that it gave.
//
//	checker <history.jsonl>
//
// A line of the history is one operation (see record.ts). Operations on one group of keys are independent of those on
// others, so each group is checked by itself. An operation that was not answered may have happened at any time after its
// call, or never. Exits with 0 if the history is linearizable, with 1 if it is not, and with 2 if that is not known.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

const timeout = 20 * time.Minute

// Entry is a key as it was answered; a revision of 0 is an absent key.
type Entry struct {
	Revision int64 `json:"revision"`
	Value    int64 `json:"value"`
}

// Operation is a line of the history.
type Operation struct {
	Client int    `json:"client"`
	Group  int    `json:"group"`
	Kind   string `json:"kind"`
	// Key is 0 or 1: a group has two keys.
	Key int `json:"key"`
	// Value is written, or added.
	Value int64 `json:"value"`
	// IfRevision is the revision that the write requires.
	IfRevision int64  `json:"ifRevision"`
	Call       int64  `json:"call"`
	Return     *int64 `json:"return"`
	// Result is "ok", "conflict", or "" where there was no answer.
	Result  string  `json:"result"`
	Entries []Entry `json:"entries"`
	Deleted bool    `json:"deleted"`
}

// A write that was not answered leaves a revision that nobody has seen.
const unseen = -1

type state [2]Entry

// after returns the state with one key replaced.
func (s state) after(key int, entry Entry) state {
	s[key] = entry
	return s
}

// agrees returns whether a key may be what an operation has seen, and the state in which it is.
func (s state) agrees(key int, seen Entry) (state, bool) {
	has := s[key]
	if has.Revision == unseen && seen.Revision > 0 && has.Value == seen.Value {
		return s.after(key, seen), true
	}
	return s, has == seen
}

// isLater returns whether a revision is later than those of the state.
func (s state) isLater(revision int64) bool {
	return revision > s[0].Revision && revision > s[1].Revision
}

func step(current, input, _ interface{}) []interface{} {
	s, o := current.(state), input.(Operation)
	if o.Result == "" {
		return unanswered(s, o)
	}
	switch o.Kind {
	case "get":
		if next, ok := s.agrees(o.Key, o.Entries[0]); ok {
			return []interface{}{next}
		}
	case "both":
		if next, ok := s.agrees(0, o.Entries[0]); ok {
			if next, ok := next.agrees(1, o.Entries[1]); ok {
				return []interface{}{next}
			}
		}
	case "set":
		if s.isLater(o.Entries[0].Revision) {
			return []interface{}{s.after(o.Key, o.Entries[0])}
		}
	case "increment":
		// An absent key counts as 0.
		written := o.Entries[0]
		if written.Value == s[o.Key].Value+o.Value && s.isLater(written.Revision) {
			return []interface{}{s.after(o.Key, written)}
		}
	case "compareAndSet":
		has := s[o.Key]
		if o.Result == "conflict" {
			next, ok := s.agrees(o.Key, o.Entries[0])
			if ok && next[o.Key].Revision != o.IfRevision {
				return []interface{}{next}
			}
		} else if (has.Revision == o.IfRevision || has.Revision == unseen) && s.isLater(o.Entries[0].Revision) {
			return []interface{}{s.after(o.Key, o.Entries[0])}
		}
	case "delete":
		if o.Deleted == (s[o.Key].Revision != 0) {
			return []interface{}{s.after(o.Key, Entry{})}
		}
	case "setBoth":
		if s.isLater(o.Entries[0].Revision) && o.Entries[1].Revision == o.Entries[0].Revision+1 {
			return []interface{}{state{o.Entries[0], o.Entries[1]}}
		}
	default:
		panic("unknown kind " + o.Kind)
	}
	return nil
}

// unanswered returns the states to which an operation may have led.
func unanswered(s state, o Operation) []interface{} {
	written := Entry{Revision: unseen, Value: o.Value}
	switch o.Kind {
	case "set":
		return []interface{}{s, s.after(o.Key, written)}
	case "increment":
		written.Value += s[o.Key].Value
		return []interface{}{s, s.after(o.Key, written)}
	case "compareAndSet":
		if has := s[o.Key].Revision; has == o.IfRevision || has == unseen {
			return []interface{}{s, s.after(o.Key, written)}
		}
	case "delete":
		return []interface{}{s, s.after(o.Key, Entry{})}
	case "setBoth":
		return []interface{}{s, state{written, written}}
	}
	return []interface{}{s}
}

func main() {
	history, err := read(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	nondeterministic := porcupine.NondeterministicModel{
		Init: func() []interface{} { return []interface{}{state{}} },
		Step: step,
	}
	model := nondeterministic.ToModel()
	model.Partition = byGroup
	begin := time.Now()
	switch porcupine.CheckOperationsTimeout(model, history, timeout) {
	case porcupine.Ok:
		fmt.Printf("linearizable: %d operations, checked in %v\n", len(history), time.Since(begin).Round(time.Millisecond))
	case porcupine.Illegal:
		fmt.Printf("NOT linearizable: %d operations\n", len(history))
		for _, part := range byGroup(history) {
			if !porcupine.CheckOperations(model, part) {
				fmt.Printf("in group %d\n", part[0].Input.(Operation).Group)
			}
		}
		os.Exit(1)
	default:
		fmt.Printf("not known after %v\n", timeout)
		os.Exit(2)
	}
}

func read(path string) ([]porcupine.Operation, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var history []porcupine.Operation
	for lines := json.NewDecoder(bufio.NewReader(file)); lines.More(); {
		var o Operation
		if err := lines.Decode(&o); err != nil {
			return nil, err
		}
		returned := int64(math.MaxInt64)
		if o.Return != nil {
			returned = *o.Return
		}
		history = append(history, porcupine.Operation{ClientId: o.Client, Input: o, Call: o.Call, Return: returned})
	}
	return history, nil
}

func byGroup(history []porcupine.Operation) [][]porcupine.Operation {
	places := map[int]int{}
	var parts [][]porcupine.Operation
	for _, operation := range history {
		group := operation.Input.(Operation).Group
		place, ok := places[group]
		if !ok {
			place = len(parts)
			places[group] = place
			parts = append(parts, nil)
		}
		parts[place] = append(parts[place], operation)
	}
	return parts
}
