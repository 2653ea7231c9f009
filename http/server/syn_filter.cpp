#include "http/server/syn_filter.hpp"

#include <array>
#include <cstdint>

#include <linux/filter.h>
#include <sys/socket.h>

namespace cued::http {

namespace {

constexpr std::uint32_t flags_at = 13; // of a TCP header (RFC 9293 §3.1), where the filter's view begins
constexpr std::uint32_t syn = 0x02;
constexpr std::uint32_t whole = 0xffffffff;

} // namespace

bool drop_new_handshakes(int listening_socket) {
  std::array<sock_filter, 4> steps{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_at),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, syn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, whole),
  }};
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  return ::setsockopt(listening_socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

} // namespace cued::http
