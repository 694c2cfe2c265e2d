package workload

// Language describes the text of a Script.
const Language = `A workload is a text of three parts; # begins a comment.

before                              what is on the share before
  mkdir NAME
  file NAME SIZE
application                         what the application does, until a call fails
  open H NAME [create|existing|replace] [read|write] [deny-all|deny-write|deny-none] [write-through]
                                    H names the handle; usual: made if it is not there, read and write, deny-write
  read H OFFSET LENGTH              fails if the file is shorter
  write H OFFSET LENGTH
  lock H OFFSET LENGTH [shared]     waits until it is granted
  unlock H OFFSET LENGTH [shared]
  flush H                           FlushFileBuffers
  setsize H SIZE
  close H
  rename NAME NAME
  delete NAME
  mkdir NAME
  think DURATION                    such as 250ms
  pick X FROM TO STEP               draws a number by the seed, to be used as OFFSET or LENGTH
  repeat N ... end                  % in a NAME is the round, in three digits
reader                              what a reader on another machine looks at, in this order, at each look
  look NAME [deny-write] [lock OFFSET LENGTH]
  never NAME torn                   it is as no operation left it
  never NAME out of order           it is neither that, nor as a beginning of the next write leaves it
  never NAME ahead of NAME          it shows an operation, and the other lacks an earlier one
  never NAME unfinished once done   it is not whole, and the application was told that all is done
  never NAME empty
  never NAME missing [unless NAME whole]
  expect NAME whole                 in the end: as the application left it
  expect NAME missing

SIZE, OFFSET and LENGTH are multiples of 16 such as 512, 4k or 1m; OFFSET may be "next", where the last write into
the file ended. NAME has backslashes; what the reader looks at may end in *. At most 64 MB and 100000 operations.
`
