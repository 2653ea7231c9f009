#include "http/routes/claim_input.hpp"

#include "http/validation/wait_input.hpp"

namespace cued::http {
namespace {

constexpr std::size_t worker_id_length_max = 255; // column claimed_by_worker

} // namespace

actors::claim_request read_claim(object_reader& body, const request& in) {
  actors::claim_request wanted;
  wanted.user_id = in.caller.user_id;
  wanted.worker_id = body.text("worker_id", {.length_min = 1, .length_max = worker_id_length_max});
  wanted.wait = read_wait(body);
  wanted.abandoned = in.hung_up;
  return wanted;
}

} // namespace cued::http
