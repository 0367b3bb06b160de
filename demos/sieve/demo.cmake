# SPDX-License-Identifier: BSL-1.0
heddle_demo(sieve -n "-n 0" "-n x" "--threads x" "--threads 1,,2" "--threads 0")
demo_test(sieve output sh check.sh exact sieve/expected.txt PROGRAM)
demo_test(sieve seeds sh check.sh seeds exact sieve/expected.txt PROGRAM)
demo_test(sieve thousand sh sieve/thousand.sh PROGRAM)
demo_test(sieve threads sh check.sh joined
  "1 threads asked for: 100 primes in [0-9]+ ms, 1 threads there 4 threads asked for: 100 primes in [0-9]+ ms, 4 threads there"
  PROGRAM -n 100 --threads 1,4)
demo_test(sieve go sh check.sh exact sieve/expected.txt TWIN)
demo_test(sieve go.threads sh check.sh joined
  "(1|4) threads asked for: 100 primes in [0-9]+ ms, [0-9]+ threads there (1|4) threads .*"
  TWIN -n 100 --threads 1,4)
