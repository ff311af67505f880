"""What a row of a kind tells beside its columns, so that one question brings whole records, a page of them at a time.

Names and shapes are those of the CRM's own answers (assigned_to, line_items, stage_kind ...), cut down to what is asked of them.
`t` is the row; row level security holds in here, too.
"""

NOTHING = "'{}'::jsonb"
# an account as others name it
_ACCOUNT = "jsonb_build_object('id', a.id, 'name', a.name, 'custom_fields', a.custom_fields)"


def _assigned(links, column):
    """Whose it is, in the order of the CRM's own answers."""
    return f"""(select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'is_active', p.is_active, 'user_details', jsonb_build_object('email', u.email))
            order by p.created_at desc, p.id), '[]') from {links} l join profile p on p.id = l.profile_id join users u on u.id = p.user_id
         where l.{column} = t.id)"""


BESIDE = {
    # A contact is linked in two ways: from the contact itself, and from the account.
    "account": f"""jsonb_build_object(
        'assigned_to', {_assigned('accounts_assigned_to', 'account_id')},
        'contacts', (select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'first_name', c.first_name, 'last_name', c.last_name, 'email', c.email,
                'phone', c.phone, 'title', c.title) order by c.account_id is distinct from t.id, c.id), '[]')
              from contacts c where (c.account_id = t.id and c.is_active)
                 or exists (select 1 from accounts_contacts l where l.account_id = t.id and l.contact_id = c.id)))""",
    "opportunity": f"""jsonb_build_object(
        'account', (select {_ACCOUNT} from accounts a where a.id = t.account_id),
        'assigned_to', {_assigned('opportunity_assigned_to', 'opportunity_id')},
        'stage_label', coalesce((select s.label from opportunity_pipeline_stage s where s.pipeline_id = t.pipeline_id and s.code = t.stage), t.stage),
        'stage_kind', (select s.kind from opportunity_pipeline_stage s where s.pipeline_id = t.pipeline_id and s.code = t.stage),
        'line_items', (select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'name', i.name, 'quantity', i.quantity, 'unit_price', i.unit_price,
                'total', i.total, 'product', case when p.id is not null then jsonb_build_object('sku', p.sku, 'category', p.category) end)
                order by i."order", i.created_at, i.id), '[]')
              from opportunity_line_item i left join product p on p.id = i.product_id where i.opportunity_id = t.id))""",
    # a follow-up of a deal belongs to the deal's customer as well
    "interaction": """jsonb_build_object(
        'deal_account_id', (select o.account_id from opportunity o where o.id = t.opportunity_id),
        'author_email', (select u.email from profile p join users u on u.id = p.user_id where p.id = t.logged_by_id))""",
    "case": f"""jsonb_build_object(
        'account', (select {_ACCOUNT} from accounts a where a.id = t.account_id),
        'owner_email', (select u.email from case_assigned_to l join profile p on p.id = l.profile_id join users u on u.id = p.user_id
                         where l.case_id = t.id and p.is_active order by l.id limit 1))""",
}
