import datetime
import django.db.models.deletion
import uuid
from django.db import migrations, models
from django.db.models.functions import Coalesce


def rank_what_is_there(apps, schema_editor):
    never = models.Value(datetime.datetime(9999, 1, 1, tzinfo=datetime.timezone.utc))
    apps.get_model("notifications", "Notification").objects.update(rank_at=Coalesce("due_at", never, output_field=models.DateTimeField()))


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0001_initial'),
        ('notifications', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=40)),
                ('query', models.CharField(max_length=400)),
                ('place', models.PositiveSmallIntegerField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name='notification',
            name='notice_open',
        ),
        migrations.AddField(
            model_name='notification',
            name='rank_at',
            field=models.DateTimeField(default=datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
        ),
        migrations.RunPython(rank_what_is_there, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('state', 'OPEN')), fields=['person', 'todo', 'system', 'kind', 'snoozed_until', 'read_at'], name='notice_counts'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('state', 'OPEN'), ('todo', True)), fields=['person', 'rank_at', '-created_at', '-id'], name='notice_todo_order'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('state', 'OPEN'), ('todo', False)), fields=['person', '-created_at', '-id'], name='notice_read_order'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('state', 'OPEN'), _negated=True), fields=['person', '-closed_at', '-id'], name='notice_closed_order'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='directory.person'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('person', 'name'), name='inbox_view_name_once'),
        ),
    ]
