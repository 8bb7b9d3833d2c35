// limbeck: the program that users start. It does what needs no tensors itself; for the rest the engine takes its place.
#include "app/program.h"

int main(int argc, char** argv) {
  return limbeck::run_program(argc, argv, nullptr);
}
