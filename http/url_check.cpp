#include "http/url_check.hpp"

#include "http/client/vetting.hpp"
#include "http/services.hpp"

namespace cued::http {

boost::asio::awaitable<result<void>> check_url(services& with, std::string text, std::string tenant) {
  const auto candidate = security::check_text(text, with.url_policy);
  if (!candidate)
    co_return fail(candidate.error());
  auto allowed = co_await client::vetted_addresses(with.names, with.url_policy, *candidate, std::move(tenant),
                                                   client::name_resolver::time_limit);
  if (!allowed)
    co_return fail(std::move(allowed.error()));
  co_return result<void>{};
}

} // namespace cued::http
