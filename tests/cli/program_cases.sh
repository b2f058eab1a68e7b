# The program itself: help, manual, completion, misspelt words, the other program.
# Read by cli_test.sh.

case_help() {
  run 0; out_has "Type this first:"; out_has "llamba run "
  run 0 --help; out_has "Commands:"
  run 0 help; out_has "Commands:"
  run 0 run --help; out_has "--prompt"; out_has "Examples:"
  run 0 help run; out_has "--prompt"
  run 0 --version; grep -qE '^llamba [0-9]+\.[0-9]+\.[0-9]+$' "$tmp/out" || fail version
  run 1 help rnu; err_has "Did you mean 'run'?"
}

# The first thing to type names the model that was installed with the program.
case_installed() {
  mkdir -p "$tmp/bin" "$tmp/share/llamba/models"
  cp "$llamba" "$tmp/bin/llamba"
  llamba=$tmp/bin/llamba
  local first=models/smollm2-135m-llamba.q4_k.gguf
  cd "$tmp" || fail cd
  run 0; out_has "llamba chat MODEL"
  mkdir models; : >$first
  run 0; out_has "llamba chat $first"; : >"$tmp/share/llamba/$first"
  run 0; out_has "llamba chat $tmp/share/llamba/$first"
}

case_misspelt() {
  run 1 rnu x; err_has "no command 'rnu'. Did you mean 'run'?"
  run 1 run x --promt y; err_has "no flag '--promt'. Did you mean '--prompt'?"
  run 1 run; err_has "MODEL is required"; err_has "llamba run --help"
  run 1 run x -n many; err_has "many"
  run 1 run x --dtype f33; err_has "Did you mean 'f32'?"
  run 1 convert x -o ""; err_has "--out: expected FILE, found nothing"
  run 1 run "" -p x; err_has "MODEL: expected MODEL, found nothing"
  same "$(cat "$tmp/out")" ""
}

case_completion() {
  run 0 completion bash
  bash -n "$tmp/out" || fail "completion is not bash"
  complete_words() {  # the words that bash would offer
    bash -c 'compopt() { :; }; source "$1"; shift
             COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _llamba
             echo "${COMPREPLY[*]}"' _ "$tmp/out" "$@"
  }
  same "$(complete_words llamba tok)" tokenize
  same "$(complete_words llamba run --dt)" --dtype
  same "$(complete_words llamba run m --dtype b)" bf16
  same "$(complete_words llamba help chat)" chat
  run 1 completion fish; err_has "expected bash"
}

case_manual() {
  run 0 help --man
  cp "$tmp/out" "$tmp/llamba.1"
  grep -n "models/" "$tmp/llamba.1" && fail "a path of the repository alone"
  if command -v mandoc >/dev/null; then
    mandoc -Tlint "$tmp/llamba.1" || fail "mandoc -Tlint"
    mandoc -Tutf8 "$tmp/llamba.1" | col -b >"$tmp/page"
  elif command -v man >/dev/null; then
    MANWIDTH=80 man -l "$tmp/llamba.1" | col -b >"$tmp/page"
  else
    echo "skipped: neither mandoc nor man"; exit 77
  fi
  grep -q -- "--prompt" "$tmp/page" || fail "no flags in the page"
}

case_distill() {
  mkdir "$tmp/alone"  # without the other program beside it
  cp "$llamba" "$tmp/alone/llamba"
  llamba=$tmp/alone/llamba
  PATH=/nowhere "$llamba" distill --help 2>"$tmp/err"; same $? 1
  err_has "llamba-distill is not installed"
  mkdir "$tmp/bin"
  printf '#!/bin/sh\necho "got $*"\nexit 7\n' >"$tmp/bin/llamba-distill"
  chmod +x "$tmp/bin/llamba-distill"
  PATH=$tmp/bin:$PATH run 7 distill stage1 --lr 3; out_has "got stage1 --lr 3"
}
