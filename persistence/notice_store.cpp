#include "persistence/notice_store.hpp"

#include "persistence/postgres/nullable_fields.hpp"

namespace cued::persistence {
namespace {

/// Takes what is due, the first of every user before the second of any. Whoever takes a row sets its next instant a
/// minute ahead: if no result is written by then, its taker is gone and the row is due again, with the lost attempt
/// counted. Looks at no more than a thousand due rows, so a backlog costs the same as a few.
/// Index: notices_due, notices_pkey, users_pkey, previous_secrets_pkey.
constexpr named_query take_notices{"take_notices", R"sql(
  WITH due AS (
    SELECT id, user_id, next_attempt_at FROM cued.notices
    WHERE status IN ('pending', 'sending') AND next_attempt_at <= $1::timestamptz AND user_id <> ALL($2::uuid[])
    ORDER BY next_attempt_at
    LIMIT 1000
  ), turns AS (
    SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY next_attempt_at, id) AS turn FROM due
  ), locked AS (
    SELECT n.id FROM cued.notices n JOIN turns t ON t.id = n.id AND t.turn <= $3::int
    WHERE n.status IN ('pending', 'sending') AND n.next_attempt_at <= $1::timestamptz
    ORDER BY t.turn, n.next_attempt_at
    LIMIT $4::int
    FOR UPDATE OF n SKIP LOCKED
  ), taken AS (
    UPDATE cued.notices n
    SET status = CASE WHEN n.attempts >= $5::int THEN 'failed' ELSE 'sending' END,
        attempts = CASE WHEN n.attempts >= $5::int THEN n.attempts ELSE n.attempts + 1 END,
        next_attempt_at = $1::timestamptz + interval '60 seconds', updated_at = now()
    FROM locked l WHERE n.id = l.id
    RETURNING n.*
  )
  SELECT t.id, t.kind, t.attempts, t.user_id, t.cue_id, t.execution_id, t.content::text, coalesce(u.email, ''),
         coalesce(u.webhook_secret, ''), coalesce(u.alert_webhook_url, ''), coalesce(u.alert_webhook_secret, ''),
         coalesce(w.secret, ''), coalesce(a.secret, '')
  FROM taken t
  LEFT JOIN users u ON u.id = t.user_id
  LEFT JOIN cued.previous_secrets w ON w.user_id = u.id AND w.kind = 'webhook' AND w.valid_until > now()
  LEFT JOIN cued.previous_secrets a ON a.user_id = u.id AND a.kind = 'alert_webhook' AND a.valid_until > now()
  WHERE t.status = 'sending'
  ORDER BY t.id
)sql"};

/// Index: notices_pkey.
constexpr named_query finish_notices{"finish_notices", R"sql(
  WITH asked AS (
    SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::int[], $5::text[], $6::timestamptz[])
      AS a(id, attempt, verdict, http_status, last_error, next_attempt)
  ), locked AS (
    SELECT n.id, a.verdict, a.http_status, a.last_error, a.next_attempt
    FROM asked a JOIN cued.notices n ON n.id = a.id AND n.status = 'sending' AND n.attempts = a.attempt
    ORDER BY n.id
    FOR UPDATE OF n
  ), written AS (
    UPDATE cued.notices n
    SET status = CASE l.verdict WHEN 'retry' THEN 'pending' ELSE l.verdict END, http_status = l.http_status,
        last_error = coalesce(l.last_error, n.last_error),
        next_attempt_at = coalesce(l.next_attempt, n.next_attempt_at),
        delivered_at = CASE l.verdict WHEN 'delivered' THEN $7::timestamptz END, updated_at = now()
    FROM locked l WHERE n.id = l.id
    RETURNING 1
  )
  SELECT count(*) FROM written
)sql"};

/// Index: notices_due (all of it: what is not delivered yet), notices_failed.
constexpr named_query notice_counts_query{"notice_counts", R"sql(
  SELECT (SELECT count(*) FROM cued.notices WHERE status IN ('pending', 'sending')),
         (SELECT count(*) FROM cued.notices WHERE status = 'failed' AND updated_at > $1::timestamptz - interval '7 days')
)sql"};

notice_kind kind_of(std::string_view text) {
  if (text == "alert")
    return notice_kind::alert;
  return text == "mail" ? notice_kind::mail : notice_kind::escalation;
}

} // namespace

std::string_view name_of(notice_kind kind) {
  switch (kind) {
  case notice_kind::alert:
    return "alert";
  case notice_kind::escalation:
    return "escalation";
  case notice_kind::mail:
    return "mail";
  }
  return "unknown";
}

std::string_view name_of(notice_result::verdict verdict) {
  switch (verdict) {
  case notice_result::verdict::delivered:
    return "delivered";
  case notice_result::verdict::retry:
    return "retry";
  case notice_result::verdict::failed:
    return "failed";
  case notice_result::verdict::dropped:
    return "dropped";
  }
  return "unknown";
}

result<std::vector<started_notice>> postgres_notice_store::take(const notice_batch& wanted, instant now) {
  array_builder busy;
  for (const auto& user : wanted.not_of)
    busy.add(user);
  const auto busy_list = std::move(busy).str();
  return link_.run([&](session& s) -> result<std::vector<started_notice>> {
    std::vector<started_notice> out;
    for (const auto& row : s.exec(take_notices, write_instant(now), busy_list, wanted.per_user_at_most, wanted.at_most,
                                  wanted.attempts_at_most)) {
      started_notice n;
      n.id = row[0].as<std::int64_t>();
      n.kind = kind_of(row[1].c_str());
      n.attempt = row[2].as<int>();
      n.user_id = row[3].c_str();
      n.cue_id = text_or_nothing(row[4]);
      n.execution_id = text_or_nothing(row[5]);
      n.content_json = row[6].c_str();
      n.email = row[7].c_str();
      n.webhook_secret = row[8].c_str();
      n.alert_url = row[9].c_str();
      n.alert_webhook_secret = row[10].c_str();
      n.previous_webhook_secret = row[11].c_str();
      n.previous_alert_webhook_secret = row[12].c_str();
      out.push_back(std::move(n));
    }
    return out;
  });
}

result<std::size_t> postgres_notice_store::finish(const std::vector<notice_result>& results, instant now) {
  array_builder ids, attempts, verdicts, statuses, errors, following;
  for (const auto& r : results) {
    ids.add(std::to_string(r.id));
    attempts.add(std::to_string(r.attempt));
    verdicts.add(name_of(r.what));
    statuses.add_or_null(r.http_status ? std::optional{std::to_string(*r.http_status)} : std::nullopt);
    errors.add_or_null(r.last_error);
    following.add_or_null(r.next_attempt ? std::optional{write_instant(*r.next_attempt)} : std::nullopt);
  }
  const auto id_list = std::move(ids).str(), attempt_list = std::move(attempts).str(),
             verdict_list = std::move(verdicts).str(), status_list = std::move(statuses).str(),
             error_list = std::move(errors).str(), following_list = std::move(following).str();
  return link_.run([&](session& s) -> result<std::size_t> {
    return s
        .exec(finish_notices, id_list, attempt_list, verdict_list, status_list, error_list, following_list,
              write_instant(now))[0][0]
        .as<std::size_t>();
  });
}

result<notice_counts> postgres_notice_store::counts(instant now) {
  return link_.run([&](session& s) -> result<notice_counts> { return count_notices(s, now); });
}

notice_counts count_notices(session& s, instant now) {
  const auto rows = s.exec(notice_counts_query, write_instant(now));
  return {rows[0][0].as<std::int64_t>(), rows[0][1].as<std::int64_t>()};
}

} // namespace cued::persistence
