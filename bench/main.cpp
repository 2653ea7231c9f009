#include <cstdio>

int main() {
  std::puts("cued-bench");
}
